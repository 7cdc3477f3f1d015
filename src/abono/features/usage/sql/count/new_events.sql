-- Keeps the events that are counted.
INSERT INTO usage_event (
    account_id, id, operator_id, subscription_id, service_id, at, taken_at, quantity, turn, counted_on, seats, key,
    reported, reported_service_id, weight, properties
)
SELECT
    e.account_id,
    abono_id((SELECT h.digits FROM id_prefix AS h), (SELECT h.drawn FROM id_prefix AS h), e.place) AS id,
    e.operator_id,
    e.subscription_id,
    e.service_id,
    e.at,
    %(now)s::timestamptz AS taken_at,
    e.quantity,
    e.turn,
    e.counted_on,
    e.seats,
    e.key,
    nullif(e.sent, e.quantity) AS reported,
    e.sent_id AS reported_service_id,
    e.weight,
    e.properties
FROM judged_events AS e
WHERE e.refused IS NULL
RETURNING account_id
