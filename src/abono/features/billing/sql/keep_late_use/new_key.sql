-- Keeps the key, if the event has one.
INSERT INTO usage_key (account_id, key, operator_id, at, content)
SELECT
    k.account_id,
    k.key,
    k.operator_id,
    k.at,
    abono_use_content(%(subscription)s::uuid, %(service)s::text, %(quantity)s::numeric, k.at, %(properties)s::jsonb)
FROM (
    VALUES (%(account)s::bigint, %(key)s::text, %(operator)s::bigint, %(at)s::timestamptz)
) AS k (account_id, key, operator_id, at)
WHERE k.key IS NOT NULL
