-- The late use, with what is used beyond the included by it, and what the period costs more by it.
SELECT
    l.*,
    CASE WHEN l.by_day THEN l.day_used ELSE l.period_used END + %(quantity)s::numeric AS in_limit,
    CASE
        WHEN l.by_day
            THEN
                l.period_over + greatest(l.day_used + %(quantity)s::numeric - l.included, 0)
                - greatest(l.day_used - l.included, 0)
        ELSE greatest(l.period_used + %(quantity)s::numeric - l.included, 0)
    END AS over,
    CASE
        WHEN l.free THEN 0
        ELSE greatest(
            abono_charged(
                l.terms,
                CASE
                    WHEN l.by_day
                        THEN
                            l.other_days_cost + abono_cost(
                                l.terms,
                                greatest(
                                    l.day_used + %(quantity)s::numeric - l.included, l.day_paid_used - l.included, 0
                                )
                            )
                    ELSE abono_cost(l.terms, greatest(l.period_used + %(quantity)s::numeric - l.included, 0))
                END,
                %(digits)s::integer
            ) - l.period_charged,
            0
        )
    END AS net
FROM late_use AS l
