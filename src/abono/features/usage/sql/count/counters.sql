-- Adds to the counters; one that has gone on to another quota period, or has no room any more, takes nothing.
INSERT INTO usage_counter (
    account_id, id, operator_id, subscription_id, service_id, turn, used, ahead, included, hard, seats, by_day,
    thresholds, latest_at, latest_ahead, warned
)
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    s.subscription_id,
    s.service_id,
    s.turn,
    s.used,
    s.ahead,
    s.included,
    s.hard,
    s.seats,
    s.by_day,
    s.thresholds,
    s.latest_at,
    s.latest_ahead,
    CASE
        WHEN s.by_day THEN 0
        WHEN s.thresholds IS NULL THEN abono_warned(s.used, s.included)
        ELSE abono_warned(s.used, s.included, s.thresholds)
    END AS warned
FROM counter_sums AS s
ORDER BY s.account_id, s.subscription_id, s.service_id
ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE
    SET
        used = usage_counter.used + excluded.used,
        ahead = usage_counter.ahead + excluded.ahead,
        included = excluded.included,
        hard = excluded.hard,
        seats = excluded.seats,
        by_day = excluded.by_day,
        thresholds = excluded.thresholds,
        latest_at = greatest(usage_counter.latest_at, excluded.latest_at),
        latest_ahead = greatest(usage_counter.latest_ahead, excluded.latest_ahead),
        warned = CASE
            WHEN excluded.by_day THEN usage_counter.warned
            WHEN excluded.thresholds IS NULL
                THEN
                    greatest(
                        usage_counter.warned, abono_warned(usage_counter.used + excluded.used, excluded.included)
                    )
            ELSE
                greatest(
                    usage_counter.warned,
                    abono_warned(usage_counter.used + excluded.used, excluded.included, excluded.thresholds)
                )
        END
    WHERE
    usage_counter.turn = excluded.turn
    AND (
        NOT excluded.hard OR excluded.by_day OR excluded.used <= 0
        OR usage_counter.used + usage_counter.held + excluded.used <= excluded.included
    )
    AND (NOT excluded.seats OR usage_counter.used + excluded.used >= 0)
RETURNING
    account_id, operator_id, subscription_id, service_id, usage_counter.used, usage_counter.included,
    usage_counter.thresholds, usage_counter.warned, coalesce(old.warned, 0) AS warned_before
