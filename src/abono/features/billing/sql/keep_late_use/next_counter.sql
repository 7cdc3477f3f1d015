-- Makes the counter that the period after the closed one would have, if there is none.
INSERT INTO usage_counter (account_id, id, operator_id, subscription_id, service_id, turn, by_day)
VALUES (
    %(account)s, uuidv7(), %(operator)s, %(subscription)s::uuid, %(service_id)s, %(turn)s + 1,
    %(counted_on)s::date IS NOT NULL
)
ON CONFLICT (account_id, subscription_id, service_id) DO NOTHING
