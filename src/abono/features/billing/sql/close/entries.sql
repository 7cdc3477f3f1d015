-- The ledger entries: of the period, and of the fee.
INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
SELECT account_id, charge_id, operator_id, ends_on, %(now)s::timestamptz, 'charge', -amount, 'sales'
FROM taxed_days
WHERE amount > 0
UNION ALL
SELECT account_id, fee_id, operator_id, ends_on, %(now)s::timestamptz, 'fee', -fee, 'fees'
FROM taxed_days
WHERE fee > 0
