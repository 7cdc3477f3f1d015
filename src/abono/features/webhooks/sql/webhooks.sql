-- name: ears
-- The endpoints that hear of an operator, its own and those of the operators above it, and the mark from which on rows
-- are new: every id made later sorts after it.
SELECT
    abono_ears(%(operator)s::bigint) AS endpoints,
    uuidv7() AS mark;

-- name: tell
-- An event of one account, once for its source; and its deliveries to those of the endpoints that want its type.
WITH told AS (
    INSERT INTO webhooks_event (account_id, id, operator_id, type, source_id, at, payload)
    VALUES (
        %(account)s, uuidv7(), %(operator)s, %(type)s, %(source)s::uuid, %(at)s::timestamptz, %(payload)s::jsonb
    )
    ON CONFLICT (account_id, source_id, type) DO NOTHING
    RETURNING account_id, id, operator_id, type
)

INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)
SELECT t.account_id, uuidv7() AS id, t.operator_id, t.id AS event_id, e.id AS endpoint_id, %(at)s::timestamptz AS due_at
FROM told AS t
INNER JOIN abono_hearing(%(endpoints)s::bigint[]) AS e ON cardinality(e.types) = 0 OR t.type = any(e.types);

-- name: add_endpoint
INSERT INTO webhooks_endpoint (operator_id, url, types, secret, made_by, made_by_user_id, made_by_key_id, made_at)
VALUES (
    %(operator)s, %(url)s, %(types)s::text[], %(secret)s, %(made_by)s, %(user)s::bigint, %(key)s::bigint,
    %(now)s::timestamptz
)
RETURNING id;

-- name: switch_off_foreign
-- No address is told any more that is answered for by who may not change it now, or not see what it is told.
UPDATE webhooks_endpoint AS e SET disabled_at = %(now)s::timestamptz
WHERE
    e.disabled_at IS NULL
    AND (%(operators)s::bigint[] IS NULL OR e.operator_id = any(%(operators)s::bigint[]))
    AND (%(endpoint)s::bigint IS NULL OR e.id = %(endpoint)s::bigint)
    AND NOT abono_may(
        e.made_by_user_id, e.made_by_key_id, e.operator_id,
        array(
            SELECT 'webhook.change' AS needed
            UNION
            SELECT n.needed FROM unnest(%(types)s::text[], %(needed)s::text[]) AS n (type, needed)
            WHERE cardinality(e.types) = 0 OR n.type = any(e.types)
        ),
        %(roles)s::text[], %(now)s::timestamptz
    )
RETURNING e.id, e.url, e.operator_id;

-- name: count_endpoints
-- How many endpoints an operator has, and how many its tenant has in all.
SELECT
    (SELECT count(*) FROM webhooks_endpoint WHERE operator_id = %(operator)s) AS endpoints,
    abono_endpoints_of_tenant(%(operator)s::bigint) AS of_tenant;

-- name: endpoints
-- Of some operators, the newest first; or one of them.
SELECT
    e.id, e.operator_id, e.url, e.types, e.made_by, e.made_at, e.disabled_at, e.old_until, e.failing_since, e.retry_at,
    o.name AS operator_name
FROM webhooks_endpoint AS e
INNER JOIN operators_operator AS o ON e.operator_id = o.id
WHERE
    e.operator_id = any(%(operators)s::bigint[])
    AND (%(endpoint)s::bigint IS NULL OR e.id = %(endpoint)s::bigint)
    AND e.id < %(after)s::bigint
ORDER BY e.id DESC
LIMIT %(most)s;

-- name: secret
-- Behind the wall nobody reads the column; the function tells it to whoever sees all of the endpoint's operator.
SELECT abono_webhook_secret(%(endpoint)s::bigint) AS secret;

-- name: change_endpoint
-- Another address has not failed yet, nor answered; that an answer was slow a moment ago stays.
UPDATE webhooks_endpoint
SET
    url = %(url)s::text, types = %(types)s::text[], failures = 0, failing_since = NULL, retry_at = NULL,
    quick_at = CASE WHEN quick_at > %(now)s::timestamptz OR url = %(url)s::text THEN quick_at END
WHERE id = %(endpoint)s;

-- name: take_over
-- Whoever changes an endpoint or switches it on answers for it: it is told while they may.
UPDATE webhooks_endpoint
SET made_by = %(made_by)s, made_by_user_id = %(user)s::bigint, made_by_key_id = %(key)s::bigint
WHERE id = %(endpoint)s;

-- name: rotate
UPDATE webhooks_endpoint
SET
    old_secret = abono_webhook_secret(%(endpoint)s::bigint),
    old_until = %(now)s::timestamptz + interval '1 day',
    secret = %(secret)s
WHERE id = %(endpoint)s
RETURNING old_until;

-- name: switch
UPDATE webhooks_endpoint
SET
    disabled_at = CASE WHEN %(enabled)s::boolean THEN NULL ELSE %(now)s::timestamptz END,
    failures = 0, failing_since = NULL, retry_at = NULL
WHERE id = %(endpoint)s;

-- name: destinations
-- The endpoints that something is due at and that are not left alone at this moment, each operator's first before
-- anybody's second, and whose they are. One machine looks up each endpoint's first delivery; of several each tells its
-- own.
SELECT
    id,
    abono_tenant(operator_id) AS tenant,
    failures > 0 AS failing,
    coalesce(quick_at > %(now)s::timestamptz, FALSE) AS slow,
    coalesce(quick_at <= %(now)s::timestamptz, FALSE) AND failures = 0 AS quick
FROM webhooks_endpoint
WHERE
    (retry_at IS NULL OR retry_at <= %(now)s::timestamptz)
    AND id IN (
        SELECT d.endpoint_id FROM webhooks_delivery AS d
        WHERE
            d.state = 'waiting' AND d.due_at <= %(now)s::timestamptz AND d.attempts < %(tries)s
            AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s::timestamptz)
    )
ORDER BY row_number() OVER (PARTITION BY operator_id ORDER BY random()), random();

-- name: take
-- Some of an endpoint's deliveries that are due, for one worker for a while. Who dies lets go of them when it is over;
-- the attempt counts all the same.
WITH due AS (
    SELECT account_id, id FROM webhooks_delivery
    WHERE
        endpoint_id = %(endpoint)s AND state = 'waiting' AND due_at <= %(now)s::timestamptz AND attempts < %(tries)s
        AND (claimed_until IS NULL OR claimed_until < %(now)s::timestamptz)
    ORDER BY due_at
    LIMIT %(most)s
)

UPDATE webhooks_delivery AS d SET claimed_until = %(until)s::timestamptz, attempts = d.attempts + 1
FROM due
INNER JOIN webhooks_delivery AS w ON due.account_id = w.account_id AND due.id = w.id
INNER JOIN webhooks_event AS e ON w.account_id = e.account_id AND w.event_id = e.id
INNER JOIN webhooks_endpoint AS p ON w.endpoint_id = p.id
WHERE
    d.account_id = due.account_id AND d.id = due.id
    AND (d.claimed_until IS NULL OR d.claimed_until < %(now)s::timestamptz)
RETURNING
    d.account_id, d.id, d.endpoint_id, d.attempts, e.id AS event_id, e.type, e.at, e.payload, p.url, p.secret,
    CASE WHEN p.old_until > %(now)s::timestamptz THEN p.old_secret ELSE '' END AS old_secret,
    p.disabled_at IS NOT NULL AS disabled;

-- name: heard
UPDATE webhooks_delivery SET
    state = 'heard', due_at = NULL, claimed_until = NULL, status = %(status)s::smallint,
    error = '', tried_at = %(now)s::timestamptz
WHERE account_id = %(account)s AND id = %(delivery)s::uuid AND state = 'waiting';

-- name: not_heard
UPDATE webhooks_delivery SET
    state = CASE WHEN %(again_at)s::timestamptz IS NULL THEN 'given_up' ELSE 'waiting' END,
    due_at = %(again_at)s::timestamptz, claimed_until = NULL, status = %(status)s::smallint,
    error = %(error)s, tried_at = %(now)s::timestamptz
WHERE account_id = %(account)s AND id = %(delivery)s::uuid AND state = 'waiting';

-- name: answers
-- The endpoint answers, quickly or not. A quick answer does not end the time for which it counts as slow.
UPDATE webhooks_endpoint
SET
    failures = 0, failing_since = NULL, retry_at = NULL,
    quick_at = coalesce(%(slow_until)s::timestamptz, quick_at, %(now)s::timestamptz)
WHERE id = %(endpoint)s AND (failures > 0 OR quick_at IS NULL OR %(slow_until)s::timestamptz IS NOT NULL);

-- name: fails
-- It failed once more. Of what was sent at the same time only the first failure counts.
UPDATE webhooks_endpoint
SET
    failures = failures + 1,
    failing_since = coalesce(failing_since, %(now)s::timestamptz),
    quick_at = coalesce(%(slow_until)s::timestamptz, quick_at),
    retry_at = %(now)s::timestamptz
    + (%(pauses)s::double precision[])[least(failures + 1, cardinality(%(pauses)s::double precision[]))]
    * interval '1 second'
WHERE id = %(endpoint)s AND (retry_at IS NULL OR retry_at <= %(began)s::timestamptz);

-- name: try_now
-- Somebody asked for it: an endpoint that fails is not left alone any longer.
UPDATE webhooks_endpoint SET retry_at = NULL
WHERE id = %(endpoint)s;

-- name: give_up_old
-- What an endpoint that fails could not be told for days is told no more by itself.
UPDATE webhooks_delivery AS d SET
    state = 'given_up', due_at = NULL, claimed_until = NULL, error = 'the endpoint did not answer for days'
FROM webhooks_endpoint AS p, webhooks_event AS e
WHERE
    p.id = d.endpoint_id AND p.failing_since < %(before)s::timestamptz
    AND e.account_id = d.account_id AND e.id = d.event_id
    AND d.state = 'waiting' AND d.due_at < %(before)s::timestamptz AND e.at < %(before)s::timestamptz;

-- name: give_up_deadly
-- Whoever had one of these in hand died of it, as often as a delivery is tried.
UPDATE webhooks_delivery SET
    state = 'given_up', due_at = NULL, claimed_until = NULL, error = 'each attempt ended the process that made it'
WHERE state = 'waiting' AND attempts >= %(tries)s AND claimed_until < %(now)s::timestamptz;

-- name: deliveries
-- The newest tellings of an endpoint's, after a place in the list; or one of them.
SELECT
    d.account_id, d.id, d.event_id, d.operator_id, e.type, e.at, e.payload, d.state, d.attempts, d.due_at, d.status,
    d.error, d.tried_at
FROM webhooks_delivery AS d
INNER JOIN webhooks_event AS e ON d.account_id = e.account_id AND d.event_id = e.id
WHERE
    d.endpoint_id = %(endpoint)s
    AND (%(delivery)s::uuid IS NULL OR d.id = %(delivery)s::uuid)
    AND (%(state)s::text = '' OR d.state = %(state)s::text)
    AND (%(type)s::text = '' OR e.type = %(type)s::text)
    AND (%(after)s::uuid IS NULL OR d.id < %(after)s::uuid)
ORDER BY d.id DESC
LIMIT %(most)s;

-- name: test_waits
SELECT count(*) > 0 AS waits FROM webhooks_delivery AS d
INNER JOIN webhooks_event AS e ON d.account_id = e.account_id AND d.event_id = e.id
WHERE d.endpoint_id = %(endpoint)s AND d.state = 'waiting' AND d.account_id = 0 AND e.type = %(type)s;

-- name: test
-- An event that concerns no account, for one endpoint, whatever types it wants.
WITH told AS (
    INSERT INTO webhooks_event (account_id, id, operator_id, type, source_id, at, payload)
    VALUES (0, uuidv7(), %(operator)s, %(type)s, uuidv7(), %(now)s::timestamptz, %(payload)s::jsonb)
    RETURNING account_id, id, operator_id
)

INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)
SELECT
    t.account_id, uuidv7() AS id, t.operator_id, t.id AS event_id, %(endpoint)s AS endpoint_id,
    %(now)s::timestamptz AS due_at
FROM told AS t
RETURNING id;

-- name: replay
-- Tell it once more: the same event, under the same number, to the same endpoint.
UPDATE webhooks_delivery SET state = 'waiting', due_at = %(now)s::timestamptz, attempts = 0, claimed_until = NULL
WHERE
    account_id = %(account)s AND id = %(delivery)s::uuid AND endpoint_id = %(endpoint)s AND state <> 'waiting';

-- name: replay_since
-- Tell everything of an endpoint's that was not heard since an instant once more.
UPDATE webhooks_delivery AS d SET state = 'waiting', due_at = %(now)s::timestamptz, attempts = 0, claimed_until = NULL
FROM webhooks_event AS e
WHERE
    e.account_id = d.account_id AND e.id = d.event_id AND d.endpoint_id = %(endpoint)s
    AND d.state = 'given_up' AND e.at >= %(since)s::timestamptz;
