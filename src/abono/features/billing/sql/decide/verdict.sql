-- Every claim with the decision: whether it passes, and how much money was missing.
SELECT
    e.account_id, TRUE AS passes, 0::bigint AS missing, e.place, e.total, e.returns, e.amount, e.fee, e.state, e.id,
    e.operator_id, e.tax, e.new_rate_id, e.new_ends_on, e.charge, e.within, e.again, e.on_shortfall,
    e.reasons, e.resume,
    e.boundary, e.look_at, e.look_ahead_hours, e.look_ahead_days, e.new_anchor_on, e.new_anchor_day, e.new_cycle,
    e.new_starts_on, e.new_cycle_days, e.fee_tax
FROM claims_in_order AS e
WHERE e.account_total <= e.available
UNION ALL
SELECT
    j.account_id, j.always OR %(lenient)s::boolean OR j.left_before >= j.total,
    CASE WHEN j.always THEN 0 ELSE greatest(j.total - j.left_before, 0) END, j.place, j.total, j.returns, j.amount,
    j.fee, j.state, j.id, j.operator_id, j.tax, j.new_rate_id, j.new_ends_on, j.charge, j.within, j.again,
    j.on_shortfall, j.reasons, j.resume, j.boundary, j.look_at, j.look_ahead_hours, j.look_ahead_days,
    j.new_anchor_on, j.new_anchor_day, j.new_cycle, j.new_starts_on, j.new_cycle_days, j.fee_tax
FROM contested_before AS j
