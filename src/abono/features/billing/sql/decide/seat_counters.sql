-- Counters of seats as the period begins: what was paid for carried seats, and the next quota period after a return.
-- Seats that were given back while nothing ran do not belong to the period that begins: that time is a quota period
-- (``turn``) of its own.
UPDATE usage_counter AS c SET
    paid = c.paid + b.net,
    turn = c.turn + CASE WHEN b.returns AND c.used <> c.carried THEN 1 ELSE 0 END,
    carried = CASE WHEN b.returns THEN c.used ELSE c.carried END,
    dropped = CASE WHEN b.returns AND c.used <> c.carried THEN 0 ELSE c.dropped END,
    partial = c.partial AND NOT (b.returns AND c.used <> c.carried)
FROM (
    SELECT
        n.account_id,
        n.id,
        d.returns,
        coalesce(k.net, 0) AS net,
        d.boundary AS starts_on,
        greatest(%(day)s::date, d.boundary + 1) AS ends_on
    FROM outcome AS d
    INNER JOIN usage_counter AS n ON d.account_id = n.account_id AND d.id = n.subscription_id
    LEFT JOIN carried_seats AS k ON n.account_id = k.account_id AND n.id = k.counter_id
    WHERE
        n.account_id BETWEEN %(first)s AND %(last)s AND n.seats AND d.passes AND NOT d.within
        AND (d.returns OR k.net > 0)
) AS b
WHERE c.account_id = b.account_id AND c.id = b.id AND c.account_id BETWEEN %(first)s AND %(last)s
RETURNING
    c.account_id, c.operator_id, c.subscription_id, c.service_id, c.turn, old.turn AS old_turn,
    old.carried AS carried, old.used AS used, old.dropped AS dropped, old.partial AS partial, b.starts_on, b.ends_on
