-- name: add
INSERT INTO operators_operator (
    code, name, parent_id, currency, time_zone, locale, prices_include_tax, tax, tax_reduced, stopped
)
VALUES (
    %(code)s,
    %(name)s,
    %(parent)s::bigint,
    %(currency)s,
    %(time_zone)s,
    %(locale)s,
    %(prices_include_tax)s,
    %(tax)s,
    %(tax_reduced)s,
    coalesce((SELECT p.stopped FROM operators_operator AS p WHERE p.id = %(parent)s::bigint), FALSE)
)
ON CONFLICT (code) DO NOTHING
RETURNING id;

-- name: by_code
SELECT id, code, name, currency, time_zone, locale, prices_include_tax, tax, tax_reduced FROM operators_operator
WHERE code = %(code)s;

-- name: by_id
SELECT id, code, name, currency, time_zone, locale, prices_include_tax, tax, tax_reduced FROM operators_operator
WHERE id = %(id)s;

-- name: all
SELECT id, code, name, currency, time_zone, locale, prices_include_tax, tax, tax_reduced FROM operators_operator
ORDER BY id;

-- name: topmost_below_provider
-- The operator of a line that stands directly below the provider; the provider itself where the line is no longer.
SELECT t.id FROM abono_tenant(%(id)s::bigint) AS t (id)
WHERE t.id IS NOT NULL;

-- name: subtree
-- An operator and all that are below it, itself first.
WITH RECURSIVE below AS (
    SELECT id, 0 AS depth FROM operators_operator WHERE id = %(id)s
    UNION ALL
    SELECT o.id, b.depth + 1 FROM operators_operator AS o
    INNER JOIN below AS b ON o.parent_id = b.id
)

SELECT id FROM below ORDER BY depth, id;

-- name: change
UPDATE operators_operator SET
    currency = %(currency)s,
    time_zone = %(time_zone)s,
    locale = %(locale)s,
    prices_include_tax = %(prices_include_tax)s,
    tax = %(tax)s::numeric,
    tax_reduced = %(tax_reduced)s::numeric,
    manager_id = %(manager)s::bigint,
    require_mfa = %(require_mfa)s
WHERE id = %(id)s;
