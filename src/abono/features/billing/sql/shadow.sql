-- A forecast runs the engine's own statements on copies of some accounts: temporary tables of the same names, which the
-- search path puts first. Nothing is locked, logged or written, and what is forecast is what the engine would do.

-- name: exists
SELECT to_regclass('pg_temp.ledger_account') IS NOT NULL AS made;

-- name: make
-- Whoever uses the connection next may stand on the other side of the second wall.
CREATE TEMPORARY TABLE ledger_account (LIKE public.ledger_account INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE ledger_entry (LIKE public.ledger_entry INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE ledger_grant (LIKE public.ledger_grant INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE subscriptions_subscription (
    LIKE public.subscriptions_subscription INCLUDING DEFAULTS INCLUDING INDEXES
);
CREATE TEMPORARY TABLE subscriptions_transition (
    LIKE public.subscriptions_transition INCLUDING DEFAULTS INCLUDING INDEXES
);
CREATE TEMPORARY TABLE billing_charge (LIKE public.billing_charge INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE notices_notice (LIKE public.notices_notice INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE ledger_hold (LIKE public.ledger_hold INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE usage_reservation (LIKE public.usage_reservation INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE usage_counter (LIKE public.usage_counter INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE usage_day (LIKE public.usage_day INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TEMPORARY TABLE usage_period (LIKE public.usage_period INCLUDING DEFAULTS);
CREATE TEMPORARY TABLE usage_event (LIKE public.usage_event INCLUDING DEFAULTS);
GRANT ALL ON
pg_temp.ledger_account, pg_temp.ledger_entry, pg_temp.ledger_grant, pg_temp.subscriptions_subscription,
pg_temp.subscriptions_transition, pg_temp.billing_charge, pg_temp.notices_notice, pg_temp.usage_counter,
pg_temp.usage_day, pg_temp.usage_period, pg_temp.usage_event, pg_temp.ledger_hold, pg_temp.usage_reservation
TO abono_web;

-- name: empty
-- Truncating would throw the prepared plans away; a forecast of many accounts is emptied by ``discard`` afterwards.
WITH a AS (DELETE FROM pg_temp.ledger_account),

b AS (DELETE FROM pg_temp.ledger_entry),

c AS (DELETE FROM pg_temp.ledger_grant),

d AS (DELETE FROM pg_temp.subscriptions_subscription),

e AS (DELETE FROM pg_temp.subscriptions_transition),

f AS (DELETE FROM pg_temp.billing_charge),

g AS (DELETE FROM pg_temp.usage_counter),

h AS (DELETE FROM pg_temp.usage_day),

i AS (DELETE FROM pg_temp.usage_period),

j AS (DELETE FROM pg_temp.usage_event),

k AS (DELETE FROM pg_temp.ledger_hold),

l AS (DELETE FROM pg_temp.usage_reservation)

DELETE FROM pg_temp.notices_notice;

-- name: discard
TRUNCATE
pg_temp.ledger_account, pg_temp.ledger_entry, pg_temp.ledger_grant, pg_temp.subscriptions_subscription,
pg_temp.subscriptions_transition, pg_temp.billing_charge, pg_temp.notices_notice, pg_temp.usage_counter,
pg_temp.usage_day, pg_temp.usage_period, pg_temp.usage_event, pg_temp.ledger_hold, pg_temp.usage_reservation;

-- name: copy_accounts
INSERT INTO pg_temp.ledger_account
SELECT * FROM public.ledger_account WHERE account_id = any(%(accounts)s::bigint[]);

-- name: copy_grants
INSERT INTO pg_temp.ledger_grant
SELECT * FROM public.ledger_grant WHERE account_id = any(%(accounts)s::bigint[]);

-- name: copy_subscriptions
INSERT INTO pg_temp.subscriptions_subscription
SELECT * FROM public.subscriptions_subscription WHERE account_id = any(%(accounts)s::bigint[]) AND state <> 'ended';

-- name: copy_holds
-- What is reserved, and the money that is set aside for it.
WITH reserved AS (
    INSERT INTO pg_temp.usage_reservation
    SELECT * FROM public.usage_reservation WHERE account_id = any(%(accounts)s::bigint[]) AND closed_at IS NULL
    RETURNING account_id, hold_id
)

INSERT INTO pg_temp.ledger_hold
SELECT h.* FROM reserved AS r
INNER JOIN public.ledger_hold AS h ON r.account_id = h.account_id AND r.hold_id = h.id;

-- name: copy_counters
-- What was used so far; of seats, their changes in the running quota period.
WITH counters AS (
    INSERT INTO pg_temp.usage_counter
    SELECT * FROM public.usage_counter WHERE account_id = any(%(accounts)s::bigint[])
    RETURNING account_id, subscription_id, service_id, turn, by_day, seats
),

days AS (
    INSERT INTO pg_temp.usage_day
    SELECT d.* FROM counters AS c
    INNER JOIN public.usage_day AS d
        ON
            c.account_id = d.account_id AND c.subscription_id = d.subscription_id AND c.service_id = d.service_id
            AND c.turn <= d.turn
    WHERE c.by_day
)

INSERT INTO pg_temp.usage_event
SELECT e.* FROM counters AS c
INNER JOIN public.usage_event AS e
    ON
        c.account_id = e.account_id AND c.subscription_id = e.subscription_id AND c.service_id = e.service_id
        AND c.turn <= e.turn AND e.seats
WHERE c.seats;

-- name: mirror
-- Copies of copies: what they stand for is known by the account's number with the sign turned round.
WITH accounts AS (
    INSERT INTO pg_temp.ledger_account
    SELECT m.* FROM pg_temp.ledger_account AS a
    CROSS JOIN LATERAL jsonb_populate_record(a, jsonb_build_object('account_id', -a.account_id)) AS m
    WHERE a.account_id = any(%(accounts)s::bigint[])
),

grants AS (
    INSERT INTO pg_temp.ledger_grant
    SELECT m.* FROM pg_temp.ledger_grant AS g
    CROSS JOIN LATERAL jsonb_populate_record(g, jsonb_build_object('account_id', -g.account_id)) AS m
    WHERE g.account_id = any(%(accounts)s::bigint[])
),

reserved AS (
    INSERT INTO pg_temp.usage_reservation
    SELECT m.* FROM pg_temp.usage_reservation AS r
    CROSS JOIN LATERAL jsonb_populate_record(r, jsonb_build_object('account_id', -r.account_id)) AS m
    WHERE r.account_id = any(%(accounts)s::bigint[]) AND r.closed_at IS NULL
),

holds AS (
    INSERT INTO pg_temp.ledger_hold
    SELECT m.* FROM pg_temp.ledger_hold AS h
    CROSS JOIN LATERAL jsonb_populate_record(h, jsonb_build_object('account_id', -h.account_id)) AS m
    WHERE h.account_id = any(%(accounts)s::bigint[]) AND h.closed_at IS NULL
),

counters AS (
    INSERT INTO pg_temp.usage_counter
    SELECT m.* FROM pg_temp.usage_counter AS c
    CROSS JOIN LATERAL jsonb_populate_record(c, jsonb_build_object('account_id', -c.account_id)) AS m
    WHERE c.account_id = any(%(accounts)s::bigint[])
),

days AS (
    INSERT INTO pg_temp.usage_day
    SELECT m.* FROM pg_temp.usage_day AS d
    CROSS JOIN LATERAL jsonb_populate_record(d, jsonb_build_object('account_id', -d.account_id)) AS m
    WHERE d.account_id = any(%(accounts)s::bigint[])
),

events AS (
    INSERT INTO pg_temp.usage_event
    SELECT m.* FROM pg_temp.usage_event AS e
    CROSS JOIN LATERAL jsonb_populate_record(e, jsonb_build_object('account_id', -e.account_id)) AS m
    WHERE e.account_id = any(%(accounts)s::bigint[])
)

INSERT INTO pg_temp.subscriptions_subscription
SELECT m.* FROM pg_temp.subscriptions_subscription AS s
CROSS JOIN LATERAL jsonb_populate_record(s, jsonb_build_object('account_id', -s.account_id)) AS m
WHERE s.account_id = any(%(accounts)s::bigint[]) AND s.state <> 'ended';

-- name: forget
WITH a AS (DELETE FROM pg_temp.ledger_account WHERE account_id BETWEEN %(first)s AND %(last)s),

b AS (DELETE FROM pg_temp.ledger_entry WHERE account_id BETWEEN %(first)s AND %(last)s),

c AS (DELETE FROM pg_temp.ledger_grant WHERE account_id BETWEEN %(first)s AND %(last)s),

d AS (DELETE FROM pg_temp.subscriptions_subscription WHERE account_id BETWEEN %(first)s AND %(last)s),

e AS (DELETE FROM pg_temp.subscriptions_transition WHERE account_id BETWEEN %(first)s AND %(last)s),

f AS (DELETE FROM pg_temp.billing_charge WHERE account_id BETWEEN %(first)s AND %(last)s),

g AS (DELETE FROM pg_temp.usage_counter WHERE account_id BETWEEN %(first)s AND %(last)s),

h AS (DELETE FROM pg_temp.usage_day WHERE account_id BETWEEN %(first)s AND %(last)s),

i AS (DELETE FROM pg_temp.usage_period WHERE account_id BETWEEN %(first)s AND %(last)s),

j AS (DELETE FROM pg_temp.usage_event WHERE account_id BETWEEN %(first)s AND %(last)s),

k AS (DELETE FROM pg_temp.ledger_hold WHERE account_id BETWEEN %(first)s AND %(last)s),

l AS (DELETE FROM pg_temp.usage_reservation WHERE account_id BETWEEN %(first)s AND %(last)s)

DELETE FROM pg_temp.notices_notice WHERE account_id BETWEEN %(first)s AND %(last)s;

-- name: enter
SET search_path = pg_temp, public;

-- name: leave
SET search_path = public, pg_temp;

-- name: claim_all
UPDATE ledger_account SET claim = %(claim)s::uuid
WHERE account_id BETWEEN %(first)s AND %(last)s;

-- name: endow
UPDATE ledger_account SET balance = balance + %(amount)s WHERE account_id = %(account)s;

-- name: failed
-- Which subscriptions could not pay, the first day of that, and what the account lacked.
SELECT DISTINCT ON (subscription_id)
    subscription_id,
    day,
    missing
FROM subscriptions_transition
WHERE account_id BETWEEN %(first)s AND %(last)s AND cause = 'shortfall'
ORDER BY subscription_id ASC, day ASC, id ASC;

-- name: amounts
-- What was charged to each account in a lenient play, and the payment that would make all of it pass: what its
-- decisions lacked; and what is always made (but for plans that may owe), judged when all of its midnight is booked.
-- A payment repays what was promised first: where money falls short in spite of a grant, it must replace the grant.
SELECT
    a.account_id,
    coalesce((SELECT sum(c.amount) FROM billing_charge AS c WHERE c.account_id = a.account_id), 0)::bigint AS due,
    coalesce(max(j.missing + j.granted) FILTER (WHERE j.missing > 0), 0)::bigint AS short_by
FROM ledger_account AS a
LEFT JOIN LATERAL (
    SELECT
        coalesce(l.missing, -(l.own + g.granted)) AS missing,
        g.granted
    FROM (
        SELECT
            t.at,
            t.missing,
            NULL::numeric AS own
        FROM subscriptions_transition AS t
        WHERE t.account_id = a.account_id AND t.cause = 'shortfall'
        UNION ALL
        SELECT
            abono_midnight(b.booked_on, %(zone)s) AS at,
            NULL AS missing,
            b.own
        FROM (
            SELECT
                e.booked_on,
                c.starts_on < e.booked_on AS used,
                p.on_shortfall,
                a.balance + a.credit_limit - a.held - sum(e.amount) OVER ()
                + sum(e.amount) OVER (ORDER BY e.booked_on, c.starts_on >= e.booked_on) AS own
            FROM ledger_entry AS e
            INNER JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
            INNER JOIN catalogue_rate AS r ON c.rate_id = r.id
            INNER JOIN catalogue_plan AS p ON r.plan_id = p.id
            WHERE e.account_id = a.account_id
        ) AS b
        WHERE b.used AND b.on_shortfall <> 'owe'
    ) AS l
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(g.remaining), 0) AS granted FROM ledger_grant AS g
            WHERE g.account_id = a.account_id AND g.starts_at <= l.at AND g.ends_at > l.at
        ) AS g
) AS j ON TRUE
GROUP BY a.account_id;

-- name: charges
SELECT c.account_id, c.subscription_id, e.booked_on, c.starts_on, c.ends_on, c.amount, c.kind FROM billing_charge AS c
INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
ORDER BY e.booked_on, c.account_id, c.id;

-- name: outcomes
SELECT t.account_id, t.subscription_id, t.day, t.cause, t.state_to, t.missing FROM subscriptions_transition AS t
ORDER BY t.day, t.account_id, t.id;

-- name: begin_afresh
-- What has been charged is not to come, nor what was missing for it.
WITH charges AS (DELETE FROM pg_temp.billing_charge),

judged AS (DELETE FROM pg_temp.subscriptions_transition)

DELETE FROM pg_temp.ledger_entry;
