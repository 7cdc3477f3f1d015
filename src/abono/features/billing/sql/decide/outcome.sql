-- Every claim as it is carried out: the state it leads to, the id of its charge, and what it is paid until.
SELECT
    j.passes,
    j.returns,
    j.fee,
    j.amount,
    j.total,
    j.state,
    j.account_id,
    CASE
        WHEN j.passes THEN 'active'
        WHEN j.returns OR j.on_shortfall <> 'end' THEN 'suspended'
        ELSE 'ended'
    END AS new_state,
    abono_id(h.digits, j.account_id, j.place) AS charge_id,
    j.operator_id,
    j.id,
    CASE
        WHEN j.passes AND j.charge = 'daily' THEN %(day)s::date + 1
        WHEN j.passes THEN j.new_ends_on
    END AS new_paid_until,
    j.tax,
    j.new_rate_id,
    CASE
        WHEN NOT j.passes AND (j.returns OR NOT j.within) THEN NULL
        -- A look-ahead that was missed while the subscription was suspended is made now.
        WHEN j.within AND j.returns AND j.look_at < %(instant)s::timestamptz THEN %(instant)s::timestamptz
        WHEN j.within THEN j.look_at
        ELSE abono_look(
            j.new_ends_on, j.look_ahead_hours, j.look_ahead_days, %(zone)s, %(instant)s::timestamptz
        )
    END AS new_look_at,
    j.new_ends_on,
    j.charge,
    j.within,
    j.again,
    j.resume,
    j.boundary,
    j.reasons,
    j.missing,
    j.new_anchor_on,
    j.new_anchor_day,
    j.new_cycle,
    j.new_starts_on,
    j.new_cycle_days,
    j.place,
    j.fee_tax
FROM verdict AS j
CROSS JOIN id_prefix AS h
