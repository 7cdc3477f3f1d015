-- Records the changes of state, and what was missing for those that pass in a lenient play.
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
    CASE WHEN missing > 0 THEN 'shortfall' WHEN state = 'suspended' THEN 'returned' ELSE 'started' END,
    state,
    new_state,
    reasons,
    CASE WHEN new_state = 'suspended' THEN 1 ELSE 0 END,
    missing
FROM outcome
WHERE CASE WHEN passes THEN state <> 'active' OR missing > 0 ELSE NOT returns END
