-- Keeps the different values that are counted for the first time in their quota period.
INSERT INTO usage_value (account_id, id, operator_id, subscription_id, service_id, turn, value)
SELECT
    j.account_id,
    uuidv7() AS id,
    j.operator_id,
    j.subscription_id,
    j.service_id,
    j.turn,
    j.value
FROM judged_events AS j
WHERE %(adding)s::boolean AND j.refused IS NULL AND j.value IS NOT NULL AND j.quantity > 0
