-- Records the changes of state.
INSERT INTO subscriptions_transition (
    account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
)
SELECT
    f.account_id,
    uuidv7(),
    f.operator_id,
    f.id,
    %(instant)s::timestamptz,
    %(day)s::date,
    %(cause)s::text,
    f.state,
    c.state_to,
    f.reasons,
    f.reasons_to
FROM next_states AS f
INNER JOIN changed_subscriptions AS c ON f.account_id = c.account_id AND f.id = c.id
