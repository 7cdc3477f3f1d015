-- What operators let their subscribers do by themselves.

-- name: find
SELECT payment_text, promise_limit, promise_days, promise_fee FROM operators_selfservice
WHERE operator_id = %(operator)s;

-- name: put
INSERT INTO operators_selfservice (operator_id, payment_text, promise_limit, promise_days, promise_fee)
VALUES (%(operator)s, %(payment_text)s, %(promise_limit)s, %(promise_days)s, %(promise_fee)s)
ON CONFLICT (operator_id) DO UPDATE
    SET
        payment_text = excluded.payment_text,
        promise_limit = excluded.promise_limit,
        promise_days = excluded.promise_days,
        promise_fee = excluded.promise_fee;
