-- Subscriptions that pay begin their period.
UPDATE subscriptions_subscription AS s SET
    state = 'active',
    reasons = 0,
    early = FALSE,
    anchor_on = d.new_anchor_on,
    anchor_day = d.new_anchor_day,
    cycle = d.new_cycle,
    period_starts_on = d.new_starts_on,
    counts_from = CASE WHEN d.within THEN s.counts_from END,
    period_ends_on = d.new_ends_on,
    cycle_days = d.new_cycle_days,
    paid_until = d.new_paid_until,
    rate_id = d.new_rate_id,
    runs = TRUE,
    fee_due = s.fee_due AND d.charge = 'arrears',
    suspended_on = NULL,
    -- The day on which a period begins counts, at whatever hour it began.
    blocked = NULL,
    look_at = d.new_look_at
FROM outcome AS d
WHERE
    s.account_id = d.account_id AND s.id = d.id AND s.account_id BETWEEN %(first)s AND %(last)s
    AND d.passes
