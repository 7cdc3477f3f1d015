-- Records the ends.
INSERT INTO subscriptions_transition (
    account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
)
SELECT
    account_id,
    uuidv7(),
    operator_id,
    id,
    %(instant)s::timestamptz,
    %(day)s::date,
    'ended',
    state,
    'ended',
    reasons,
    0
FROM waiting_subscriptions
WHERE ends
