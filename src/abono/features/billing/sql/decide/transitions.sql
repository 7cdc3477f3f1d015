-- Records the changes of state.
INSERT INTO subscriptions_transition (
    account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to,
    missing
)
SELECT
    account_id,
    charge_id,
    operator_id,
    id,
    %(instant)s::timestamptz,
    %(day)s::date,
    CASE WHEN NOT passes THEN 'shortfall' WHEN state = 'suspended' THEN 'returned' ELSE 'started' END,
    state,
    new_state,
    reasons,
    CASE WHEN new_state = 'suspended' THEN 1 ELSE 0 END,
    CASE WHEN passes THEN 0 ELSE missing END
FROM outcome
WHERE (passes AND state <> 'active') OR (NOT passes AND NOT returns)
