-- The same subscriptions, with the first and last day of that cycle of the grid.
SELECT
    p.*,
    abono_boundary(p.step_unit, p.step, p.new_anchor_on, p.new_anchor_day, p.new_cycle + 1) AS new_ends_on,
    CASE
        WHEN p.fresh OR NOT (p.opens OR p.returns OR p.within) THEN p.begins_on
        ELSE abono_boundary(p.step_unit, p.step, p.new_anchor_on, p.new_anchor_day, p.new_cycle)
    END AS cycle_starts_on
FROM next_cycle AS p
OFFSET 0
