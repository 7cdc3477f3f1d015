-- The tree of operators: who stands where, who is blocked, and what will move.

-- name: lock
-- The tree is changed by one transaction at a time: two moves that are right each for itself may close a circle.
SELECT pg_advisory_xact_lock(hashtext('abono.operators.tree'));

-- name: hurry
-- Whoever holds the tree waits for nobody's rows: all who want the tree would wait for them too.
SELECT set_config('lock_timeout', '200ms', TRUE);

-- name: below
-- The operators named, with how deep they stand, each under its parent, siblings by name.
WITH RECURSIVE tree AS (
    SELECT o.id, 0 AS depth, ARRAY[lower(o.name) || chr(1) || o.id] AS place
    FROM operators_operator AS o
    WHERE
        o.id = any(%(operators)s::bigint[])
        AND (o.parent_id IS NULL OR o.parent_id <> all(%(operators)s::bigint[]))
    UNION ALL
    SELECT o.id, t.depth + 1, t.place || (lower(o.name) || chr(1) || o.id) FROM operators_operator AS o
    INNER JOIN tree AS t ON o.parent_id = t.id
    WHERE o.id = any(%(operators)s::bigint[])
)

SELECT
    o.id,
    o.code,
    o.name,
    o.parent_id,
    t.depth,
    o.currency,
    o.time_zone,
    o.locale,
    o.blocked_at,
    o.stopped,
    o.stop_no = o.carried_no AS carried,
    o.manager_id,
    o.require_mfa,
    o.prices_include_tax,
    o.tax,
    o.tax_reduced
FROM tree AS t
INNER JOIN operators_operator AS o ON t.id = o.id
WHERE %(after)s::bigint IS NULL OR t.place > (SELECT l.place FROM tree AS l WHERE l.id = %(after)s::bigint)
ORDER BY t.place
LIMIT %(most)s::bigint;

-- name: matching
-- Those of some operators that somebody means by a text: the very code, the very name, then what begins so.
SELECT
    o.id,
    o.code,
    o.name,
    coalesce(p.name, '') AS above
FROM operators_operator AS o
LEFT JOIN operators_operator AS p ON o.parent_id = p.id AND p.id = any(%(operators)s::bigint[])
WHERE
    o.id = any(%(operators)s::bigint[])
    AND (starts_with(o.code, lower(%(text)s::text)) OR position(lower(%(text)s::text) IN lower(o.name)) > 0)
ORDER BY
    o.code = %(text)s::text DESC,
    lower(o.name) = lower(%(text)s::text) DESC,
    starts_with(lower(o.name), lower(%(text)s::text)) DESC,
    lower(o.name),
    o.id
LIMIT %(most)s::bigint;

-- name: node
SELECT
    id,
    code,
    name,
    parent_id,
    0 AS depth,
    currency,
    time_zone,
    locale,
    blocked_at,
    stopped,
    stop_no = carried_no AS carried,
    manager_id,
    require_mfa,
    prices_include_tax,
    tax,
    tax_reduced
FROM operators_operator
WHERE id = %(id)s;

-- name: parents
SELECT id, parent_id FROM operators_operator;

-- name: blocked_above
-- The nearest operator, itself or above it, that is blocked.
WITH RECURSIVE line AS (
    SELECT id, parent_id, name, blocked_at, 0 AS up FROM operators_operator WHERE id = %(id)s
    UNION ALL
    SELECT o.id, o.parent_id, o.name, o.blocked_at, l.up + 1 FROM operators_operator AS o
    INNER JOIN line AS l ON o.id = l.parent_id
)

SELECT id, name FROM line WHERE blocked_at IS NOT NULL ORDER BY up LIMIT 1;

-- name: rename
UPDATE operators_operator SET name = %(name)s WHERE id = %(id)s;

-- name: place
-- Who looked after it was of its old parent's staff.
UPDATE operators_operator
SET parent_id = %(parent)s, manager_id = CASE WHEN parent_id = %(parent)s THEN manager_id END
WHERE id = %(id)s;

-- name: block
UPDATE operators_operator SET blocked_at = coalesce(blocked_at, %(at)s::timestamptz), blocked_by_id = %(by)s::bigint
WHERE id = %(id)s AND (blocked_at IS NULL OR blocked_by_id IS DISTINCT FROM %(by)s::bigint);

-- name: unblock
UPDATE operators_operator SET blocked_at = NULL, blocked_by_id = NULL WHERE id = %(id)s AND blocked_at IS NOT NULL;

-- name: may_lift
-- Whoever set a block and stands above the operator no longer has no say in it any more.
WITH RECURSIVE above AS (
    SELECT parent_id AS id FROM operators_operator WHERE id = %(by)s::bigint
    UNION ALL
    SELECT o.parent_id FROM operators_operator AS o
    INNER JOIN above AS a ON o.id = a.id
)

SELECT
    NOT EXISTS (
        SELECT 1 FROM operators_operator AS o
        INNER JOIN above AS a ON o.blocked_by_id = a.id
        WHERE o.id = %(id)s
    ) AS may;

-- name: changing
-- Those for which it changes whether they are stopped.
WITH RECURSIVE tree AS (
    SELECT id, blocked_at IS NOT NULL AS stopped FROM operators_operator WHERE parent_id IS NULL
    UNION ALL
    SELECT o.id, t.stopped OR o.blocked_at IS NOT NULL FROM operators_operator AS o
    INNER JOIN tree AS t ON o.parent_id = t.id
)

SELECT o.id, t.stopped FROM operators_operator AS o
INNER JOIN tree AS t ON o.id = t.id
WHERE o.stopped <> t.stopped;

-- name: stop
UPDATE operators_operator SET stopped = %(stopped)s::boolean, stop_no = stop_no + 1
WHERE id = any(%(operators)s::bigint[]) AND stopped <> %(stopped)s::boolean;

-- name: begin_order
-- An order is under way until its transaction ends: a stop is carried to what it sells, and does not wait for it.
SELECT pg_advisory_xact_lock_shared(hashtextextended('abono.order', %(id)s::bigint));

-- name: is_stopped
SELECT stopped FROM operators_operator WHERE id = %(id)s;

-- name: no_orders
SELECT pg_try_advisory_xact_lock(hashtextextended('abono.order', %(id)s::bigint)) AS none;

-- name: open_account
-- What a new account goes by, so that it holds until the transaction ends.
SELECT currency FROM operators_operator WHERE id = %(id)s FOR KEY SHARE;

-- name: uncarried
-- Where the subscriptions are still to be brought in line.
SELECT id, stopped, stop_no FROM operators_operator
WHERE stop_no <> carried_no AND (%(operators)s::bigint[] IS NULL OR id = any(%(operators)s::bigint[]))
ORDER BY id;

-- name: begin_slice
-- A slice is under way until its transaction ends: what follows it is not carried to its end before.
SELECT pg_advisory_xact_lock_shared(hashtextextended('abono.carry', %(id)s::bigint));

-- name: stop_no
SELECT stop_no FROM operators_operator WHERE id = %(id)s;

-- name: no_slices
SELECT pg_try_advisory_xact_lock(hashtextextended('abono.carry', %(id)s::bigint)) AS none;

-- name: carried
UPDATE operators_operator SET carried_no = stop_no WHERE id = %(id)s AND stop_no = %(stop_no)s;

-- name: waiting
SELECT id, operator_id, parent_id, at FROM operators_move WHERE state = 'waiting' ORDER BY at, id;

-- name: count_waiting
SELECT count(*) AS waiting FROM operators_move WHERE operator_id = %(operator)s AND state = 'waiting';

-- name: count_waiting_of_tenant
SELECT count(*) AS waiting FROM operators_move
WHERE state = 'waiting' AND operator_id = any(%(operators)s::bigint[]);

-- name: any_waiting
SELECT exists(SELECT 1 FROM operators_move WHERE state = 'waiting') AS waiting;

-- name: first_due
SELECT id, operator_id, parent_id FROM operators_move
WHERE state = 'waiting' AND at <= %(now)s::timestamptz AND operator_id <> all(%(but)s::bigint[])
ORDER BY at, id
LIMIT 1;

-- name: any_due
SELECT exists(SELECT 1 FROM operators_move WHERE state = 'waiting' AND at <= %(now)s::timestamptz) AS due;

-- name: add_move
INSERT INTO operators_move (
    operator_id, parent_id, parent_before_id, valid_from, at, state, made_by, made_by_user_id, made_by_key_id, made_at
)
VALUES (
    %(operator)s,
    %(parent)s,
    %(before)s::bigint,
    %(valid_from)s::date,
    %(at)s::timestamptz,
    'waiting',
    %(made_by)s,
    %(user)s::bigint,
    %(key)s::bigint,
    %(now)s::timestamptz
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: move_done
UPDATE operators_move SET state = 'done', parent_before_id = %(before)s::bigint, done_at = %(now)s::timestamptz
WHERE id = %(id)s AND state = 'waiting';

-- name: withdraw_move
UPDATE operators_move SET state = 'withdrawn', done_at = %(now)s::timestamptz
WHERE id = %(id)s AND operator_id = %(operator)s AND state = 'waiting'
RETURNING valid_from, parent_id;

-- name: withdraw_moves
UPDATE operators_move AS m SET state = 'withdrawn', done_at = %(now)s::timestamptz
FROM operators_operator AS o, operators_operator AS p
WHERE m.id = any(%(moves)s::bigint[]) AND m.state = 'waiting' AND o.id = m.operator_id AND p.id = m.parent_id
RETURNING m.operator_id, o.code, o.name, p.code AS parent, p.name AS parent_name, m.valid_from;

-- name: moves
SELECT
    m.id,
    m.valid_from,
    m.at,
    m.state,
    m.made_by,
    m.made_at,
    m.done_at,
    m.parent_id,
    p.name AS parent_name,
    b.name AS parent_before_name
FROM operators_move AS m
INNER JOIN operators_operator AS p ON m.parent_id = p.id
LEFT JOIN operators_operator AS b ON m.parent_before_id = b.id
WHERE
    m.operator_id = %(operator)s
    AND (%(before_id)s::bigint IS NULL OR (m.at, m.id) < (%(before)s::timestamptz, %(before_id)s::bigint))
ORDER BY m.at DESC, m.id DESC
LIMIT %(most)s::bigint;
