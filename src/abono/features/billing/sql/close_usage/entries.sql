-- The ledger entry of each amount.
INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
SELECT
    t.account_id,
    t.charge_id,
    t.operator_id,
    t.booked_on,
    %(now)s::timestamptz AS booked_at,
    'charge' AS kind,
    -t.amount AS amount,
    'sales' AS counter
FROM taxed_services AS t
WHERE t.amount > 0
