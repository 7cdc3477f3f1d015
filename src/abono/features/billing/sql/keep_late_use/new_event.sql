-- Keeps the event.
INSERT INTO usage_event (
    account_id, id, operator_id, subscription_id, service_id, at, taken_at, quantity, turn, counted_on, seats, key,
    properties
)
VALUES (
    %(account)s, uuidv7(), %(operator)s, %(subscription)s::uuid, %(service_id)s, %(at)s::timestamptz,
    %(now)s::timestamptz, %(quantity)s::numeric, %(turn)s, %(counted_on)s::date, FALSE, %(key)s::text,
    %(properties)s::jsonb
)
