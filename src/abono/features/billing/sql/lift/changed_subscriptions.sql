-- Changes the subscriptions.
UPDATE subscriptions_subscription AS s SET
    state = CASE WHEN f.state_to = 'trial' AND s.trial_ends_on IS NULL THEN 'pending' ELSE f.state_to END,
    reasons = f.reasons_to,
    early = f.early AND f.others & 1 <> 0,
    paused_on = CASE WHEN %(bit)s::smallint = 2 THEN NULL ELSE s.paused_on END,
    paused_until = CASE WHEN %(bit)s::smallint = 2 THEN NULL ELSE s.paused_until END,
    frozen_days = CASE WHEN f.back THEN NULL ELSE s.frozen_days END,
    blocked = CASE
        WHEN f.back AND s.suspended_on < abono_blocked_from(%(instant)s::timestamptz, %(zone)s)
            THEN coalesce(s.blocked, '{}'::datemultirange) + datemultirange(
                daterange(s.suspended_on, abono_blocked_from(%(instant)s::timestamptz, %(zone)s))
            )
        ELSE s.blocked
    END,
    suspended_on = CASE WHEN f.back THEN NULL ELSE s.suspended_on END,
    period_ends_on = CASE WHEN f.moves THEN f.thawed ELSE s.period_ends_on END,
    paid_until = CASE WHEN f.moves THEN f.thawed ELSE s.paid_until END,
    anchor_on = CASE
        WHEN NOT f.moves THEN s.anchor_on
        WHEN f.step_unit = 'day' THEN f.thawed
        ELSE date_trunc('month', f.thawed)::date
    END,
    anchor_day = CASE
        WHEN NOT f.moves THEN s.anchor_day
        WHEN f.step_unit = 'day' THEN 0
        ELSE extract(DAY FROM f.thawed)
    END,
    cycle = CASE WHEN f.moves THEN -1 ELSE s.cycle END,
    -- One that was missed meanwhile is made now.
    look_at = CASE
        WHEN f.back AND f.looks_at < %(instant)s::timestamptz THEN %(instant)s::timestamptz
        ELSE f.looks_at
    END
FROM next_states AS f
WHERE s.account_id = f.account_id AND s.id = f.id
RETURNING s.account_id, s.id, s.state AS state_to
