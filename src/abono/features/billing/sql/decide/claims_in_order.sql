-- The claims on each account's money, numbered in the order in which they are paid, with the sum of the account's.
-- The columns that later layers filter by stand first: a row is unpacked only as far as it is read.
SELECT
    t.account_id,
    t.available,
    sum(t.amount + t.fee + coalesce(k.amount, 0)) OVER claims AS account_total,
    row_number() OVER claims AS place,
    t.amount + t.fee + coalesce(k.amount, 0) AS total,
    t.on_shortfall = 'owe'
    OR (t.amount + t.fee + coalesce(k.amount, 0) = 0 AND NOT t.in_debt_matters) AS always,
    t.returns,
    t.amount,
    t.fee,
    t.state,
    t.id,
    t.operator_id,
    t.tax,
    t.new_rate_id,
    t.new_ends_on,
    t.charge,
    t.within,
    t.begins_on > %(day)s::date OR x.account_id IS NOT NULL AS again,
    t.on_shortfall,
    t.reasons,
    t.resume,
    t.boundary,
    t.look_at,
    t.look_ahead_hours,
    t.look_ahead_days,
    t.new_anchor_on,
    t.new_anchor_day,
    t.new_cycle,
    t.new_starts_on,
    t.new_cycle_days,
    t.fee_tax
FROM taxed_period AS t
LEFT JOIN carried_totals AS k ON t.account_id = k.account_id AND t.id = k.subscription_id
LEFT JOIN LATERAL (
    -- Whether a period from this day was charged before; only of a return, and sought by its key.
    SELECT c.account_id FROM billing_charge AS c
    WHERE
        t.returns AND c.account_id = t.account_id AND c.subscription_id = t.id
        AND c.starts_on = t.begins_on AND c.kind = 'period'
    LIMIT 1
) AS x ON TRUE
WINDOW claims AS (
    PARTITION BY t.account_id
    -- Arrears are judged first, returns are tried last.
    ORDER BY t.returns, NOT t.in_debt_matters, t.priority, t.ordered_at, t.id
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
)
