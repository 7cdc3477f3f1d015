-- Adds to the day, of services whose quota is by the day.
INSERT INTO usage_day (
    account_id, id, operator_id, subscription_id, service_id, turn, day, used, included
)
SELECT
    %(account)s AS account_id,
    uuidv7() AS id,
    %(operator)s AS operator_id,
    %(subscription)s::uuid AS subscription_id,
    %(service_id)s,
    %(turn)s,
    %(counted_on)s::date AS day,
    %(quantity)s::numeric AS used,
    %(included)s::numeric AS included
WHERE %(counted_on)s::date IS NOT NULL
ON CONFLICT (account_id, subscription_id, service_id, turn, day) DO UPDATE
    SET used = usage_day.used + excluded.used
