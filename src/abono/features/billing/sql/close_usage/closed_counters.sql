-- Their counters go on to the next quota period; answers what they held of the closed one, and of the next.
UPDATE usage_counter AS c SET
    turn = c.turn + 1,
    used = CASE WHEN c.seats THEN c.used + c.ahead ELSE c.ahead END,
    carried = CASE WHEN c.seats THEN c.used ELSE 0 END,
    ahead = 0,
    latest_at = c.latest_ahead,
    latest_ahead = NULL,
    dropped = 0,
    partial = FALSE,
    paid = c.paid_ahead,
    paid_ahead = 0,
    warned = 0
FROM closing_subscriptions AS k
WHERE
    c.account_id BETWEEN %(first)s AND %(last)s
    AND c.account_id = k.account_id AND c.subscription_id = k.id
RETURNING
    c.account_id, c.subscription_id, c.service_id, c.seats, old.turn AS turn, old.used AS used, old.paid AS paid,
    old.carried AS carried, old.dropped AS dropped, old.partial AS partial, c.id, old.ahead AS ahead
