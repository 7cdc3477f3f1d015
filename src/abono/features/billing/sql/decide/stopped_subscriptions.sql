-- Suspends or ends subscriptions that cannot pay their boundary; a return that fails changes nothing.
UPDATE subscriptions_subscription AS s SET
    state = d.new_state,
    reasons = CASE WHEN d.new_state = 'ended' THEN 0 ELSE 1 END,
    early = FALSE,
    runs = d.within AND d.new_state <> 'ended',
    suspended_on = coalesce(s.suspended_on, %(day)s::date),
    look_at = CASE WHEN d.new_state <> 'ended' THEN d.new_look_at END,
    ended_on = CASE WHEN d.new_state = 'ended' THEN %(day)s::date END
FROM outcome AS d
WHERE
    s.account_id = d.account_id AND s.id = d.id AND s.account_id BETWEEN %(first)s AND %(last)s
    AND NOT d.passes AND NOT d.returns
