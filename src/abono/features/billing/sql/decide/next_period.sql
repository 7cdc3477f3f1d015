-- The same subscriptions, with the day their period begins and the days of a whole cycle.
SELECT
    d.*,
    d.new_ends_on - d.cycle_starts_on AS new_cycle_days,
    CASE
        WHEN d.within THEN d.period_starts_on
        -- Without ``rate_id`` the plan has not begun yet, and has no price from before.
        WHEN d.returns AND d.charge = 'daily' AND d.rate_id IS NOT NULL AND d.begins_on = %(day)s::date
            THEN d.cycle_starts_on
        ELSE d.begins_on
    END AS new_starts_on
FROM cycle_dates AS d
OFFSET 0
