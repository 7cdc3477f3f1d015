-- The notices of them to the subscriber.
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT
    account_id,
    charge_id,
    operator_id,
    id,
    CASE new_state WHEN 'active' THEN 'resumed' ELSE new_state END,
    %(today)s::date,
    %(now)s::timestamptz,
    jsonb_build_object('day', %(day)s::date, 'amount', total, 'missing', missing)
FROM outcome
WHERE
    (passes AND state = 'suspended')
    OR (NOT passes AND NOT returns AND (state <> 'suspended' OR new_state = 'ended'))
