-- Every event with what it adds, to which quota period, and why it is refused if it is.
SELECT
    p.place,
    p.spot,
    p.account_id,
    p.operator_id,
    p.subscription_id,
    p.service_id,
    p.at,
    coalesce(b.adds, p.quantity) AS quantity,
    p.sent,
    p.sent_id,
    p.weight,
    p.properties,
    p.value,
    p.turn + CASE WHEN p.later THEN 1 ELSE 0 END AS turn,
    p.later,
    p.counted_on,
    p.seats,
    p.key,
    p.content,
    CASE
        -- A key that is known decides before anything else.
        WHEN p.known IS NOT NULL THEN CASE WHEN p.known = p.content THEN 'repeated' ELSE 'key_conflict' END
        WHEN p.refused IS NOT NULL THEN p.refused
        WHEN NOT b.fits AND p.quantity < 0 THEN 'out_of_range'
        WHEN NOT b.fits THEN 'quota_exceeded'
    END AS refused
FROM placed_events AS p
LEFT JOIN (
    SELECT t.account_id, t.place, t.fits, NULL::numeric AS adds FROM limited_events AS t
    UNION ALL
    SELECT l.account_id, l.place, l.fits, l.adds FROM aggregated_events AS l
) AS b ON p.account_id = b.account_id AND p.place = b.place
