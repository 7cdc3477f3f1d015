-- The ledger entries of each claim that passes: of the period, the fee and the carried seats.
INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
SELECT account_id, charge_id, operator_id, %(day)s::date, %(now)s::timestamptz, 'charge', -amount, 'sales'
FROM outcome
WHERE passes AND amount > 0
UNION ALL
SELECT
    d.account_id, abono_id(h.digits, d.account_id, d.place + 524288), d.operator_id, %(day)s::date,
    %(now)s::timestamptz, 'fee', -d.fee, 'fees'
FROM outcome AS d
CROSS JOIN id_prefix AS h
WHERE d.passes AND d.fee > 0
UNION ALL
SELECT
    k.account_id, abono_id(h.digits, k.account_id, k.no + 786432), d.operator_id, %(day)s::date,
    %(now)s::timestamptz, 'charge', -k.amount, 'sales'
FROM carried_seats AS k
INNER JOIN outcome AS d ON k.account_id = d.account_id AND k.subscription_id = d.id
CROSS JOIN id_prefix AS h
WHERE d.passes
