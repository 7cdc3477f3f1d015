-- The subscriptions that are due, with the grid their period will stand on: its anchor, cycle number and first day.
SELECT
    d.*,
    m.fresh,
    m.begins_on,
    CASE
        WHEN NOT m.fresh THEN d.anchor_on
        WHEN d.step_unit = 'day' THEN m.begins_on
        ELSE date_trunc('month', m.begins_on)::date
    END AS new_anchor_on,
    CASE
        WHEN NOT m.fresh THEN d.anchor_day
        WHEN d.step_unit = 'day' THEN 0
        ELSE extract(DAY FROM m.begins_on)::integer
    END AS new_anchor_day,
    CASE
        WHEN m.fresh THEN 0
        WHEN d.within THEN d.cycle
        WHEN d.returns THEN abono_cycle(d.step_unit, d.step, d.anchor_on, d.anchor_day, m.begins_on)
        WHEN d.opens THEN d.cycle
        ELSE d.cycle + 1
    END AS new_cycle
FROM open_subscriptions AS d
CROSS JOIN
    LATERAL (
        SELECT
            d.returns AND d.charge <> 'daily' AND d.resume = 'restart' AS fresh,
            -- Where a change left today's slice standing, what returns today begins tomorrow.
            CASE WHEN d.returns THEN greatest(%(day)s::date, d.kept_until) ELSE %(day)s::date END AS begins_on
    ) AS m
WHERE d.due AND NOT EXISTS (SELECT 1 FROM busy_accounts AS b WHERE b.account_id = d.account_id)
OFFSET 0
