-- The charge beside each of those entries, under the same id.
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id, service_id
)
SELECT
    r.account_id,
    r.charge_id,
    r.operator_id,
    r.id,
    -- What was charged today, given back by a change and stopped may return on the same day, or begin tomorrow.
    CASE WHEN r.again THEN 'part' ELSE 'period' END,
    CASE WHEN r.charge = 'daily' THEN %(day)s::date ELSE r.new_starts_on END,
    r.new_paid_until,
    r.amount,
    r.tax,
    r.new_rate_id,
    NULL::bigint
FROM outcome AS r
WHERE r.passes AND r.amount > 0
UNION ALL
SELECT
    d.account_id, abono_id(h.digits, d.account_id, d.place + 524288), d.operator_id, d.id, 'fee', %(day)s::date,
    d.new_paid_until, d.fee, d.fee_tax, d.new_rate_id, NULL
FROM outcome AS d
CROSS JOIN id_prefix AS h
WHERE d.passes AND d.fee > 0
UNION ALL
SELECT
    k.account_id, abono_id(h.digits, k.account_id, k.no + 786432), d.operator_id, d.id, 'overage', %(day)s::date,
    d.new_ends_on, k.amount, k.tax, d.new_rate_id, k.service_id
FROM carried_seats AS k
INNER JOIN outcome AS d ON k.account_id = d.account_id AND k.subscription_id = d.id
CROSS JOIN id_prefix AS h
WHERE d.passes
