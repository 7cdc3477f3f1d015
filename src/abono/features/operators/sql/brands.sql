-- How operators look.

-- name: brand
-- The own name; colours, logo and support are those of the nearest operator, itself first, that has some.
WITH RECURSIVE line AS (
    SELECT id, parent_id, coalesce(nullif(brand_name, ''), name) AS name, colour, colour_dark, support, 0 AS up
    FROM operators_operator
    WHERE id = %(id)s
    UNION ALL
    SELECT o.id, o.parent_id, o.name, o.colour, o.colour_dark, o.support, l.up + 1
    FROM operators_operator AS o
    INNER JOIN line AS l ON o.id = l.parent_id
)

SELECT
    own.id AS operator_id,
    own.name,
    coalesce(c.colour, '') AS colour,
    coalesce(c.colour_dark, '') AS colour_dark,
    coalesce(s.support, '') AS support,
    g.operator_id AS logo_of,
    coalesce(g.digest, '') AS logo_digest
FROM line AS own
LEFT JOIN LATERAL (
    SELECT colour, colour_dark FROM line WHERE colour <> '' ORDER BY up LIMIT 1
) AS c ON TRUE
LEFT JOIN LATERAL (
    SELECT support FROM line WHERE support <> '' ORDER BY up LIMIT 1
) AS s ON TRUE
LEFT JOIN LATERAL (
    SELECT p.operator_id, p.digest FROM operators_logo AS p
    INNER JOIN line AS l ON p.operator_id = l.id
    ORDER BY l.up
    LIMIT 1
) AS g ON TRUE
WHERE own.up = 0;

-- name: own
SELECT brand_name, colour, colour_dark, domain, support FROM operators_operator WHERE id = %(id)s;

-- name: by_domain
SELECT id FROM operators_operator WHERE domain = %(domain)s::text AND domain_proved_at IS NOT NULL;

-- name: named
SELECT domain, domain_proved_at FROM operators_operator WHERE id = %(id)s;

-- name: unproved
-- Tenants take turns; of each the name that was tried the longest ago is first.
SELECT id, code, domain FROM operators_operator
WHERE domain <> '' AND domain_proved_at IS NULL
ORDER BY
    row_number() OVER (PARTITION BY abono_tenant(id) ORDER BY domain_tried_at NULLS FIRST, id),
    domain_tried_at NULLS FIRST,
    id
LIMIT %(most)s;

-- name: tried
UPDATE operators_operator SET domain_tried_at = %(now)s::timestamptz WHERE id = %(id)s;

-- name: prove
UPDATE operators_operator SET domain_proved_at = %(now)s::timestamptz
WHERE id = %(id)s AND domain = %(domain)s::text AND domain_proved_at IS NULL;

-- name: provider
SELECT id FROM operators_operator WHERE parent_id IS NULL ORDER BY id LIMIT 1;

-- name: save
UPDATE operators_operator SET
    brand_name = %(name)s,
    colour = %(colour)s,
    colour_dark = %(colour_dark)s,
    domain = %(domain)s::text,
    -- The provider's own need no proof: whoever runs this installation says where it is reached.
    domain_proved_at = CASE
        WHEN domain = %(domain)s::text THEN domain_proved_at
        WHEN parent_id IS NULL AND %(domain)s::text <> '' THEN %(now)s::timestamptz
    END,
    support = %(support)s
WHERE id = %(id)s;

-- name: save_logo
INSERT INTO operators_logo (operator_id, type, content, digest, saved_at)
VALUES (%(operator)s, %(type)s, %(content)s, %(digest)s, %(now)s::timestamptz)
ON CONFLICT (operator_id) DO UPDATE SET
    type = excluded.type, content = excluded.content, digest = excluded.digest, saved_at = excluded.saved_at;

-- name: remove_logo
DELETE FROM operators_logo WHERE operator_id = %(operator)s;

-- name: logo
SELECT type, content, digest FROM operators_logo WHERE operator_id = %(operator)s;
