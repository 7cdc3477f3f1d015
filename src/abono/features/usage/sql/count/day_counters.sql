-- Adds to the days, where the counters took something; one that has no room any more takes nothing.
INSERT INTO usage_day (
    account_id, id, operator_id, subscription_id, service_id, turn, day, used, included, hard, thresholds, warned
)
SELECT
    s.account_id,
    uuidv7() AS id,
    s.operator_id,
    s.subscription_id,
    s.service_id,
    s.turn,
    s.counted_on AS day,
    s.used,
    s.included,
    s.hard,
    s.thresholds,
    abono_warned(s.used, s.included, s.thresholds) AS warned
FROM day_sums AS s
WHERE (s.account_id IN (SELECT c.account_id FROM counters AS c)) IS TRUE
ORDER BY s.account_id, s.subscription_id, s.service_id, s.counted_on
ON CONFLICT (account_id, subscription_id, service_id, turn, day) DO UPDATE
    SET
        used = usage_day.used + excluded.used,
        included = excluded.included,
        hard = excluded.hard,
        thresholds = excluded.thresholds,
        warned = greatest(
            usage_day.warned,
            abono_warned(usage_day.used + excluded.used, excluded.included, excluded.thresholds)
        )
    WHERE NOT excluded.hard OR excluded.used <= 0 OR usage_day.used + excluded.used <= excluded.included
RETURNING
    account_id, operator_id, subscription_id, service_id, usage_day.used, usage_day.included, usage_day.thresholds,
    usage_day.warned, coalesce(old.warned, 0) AS warned_before
