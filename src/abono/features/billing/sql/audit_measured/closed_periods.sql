-- The closed quota periods of seats of which all events are kept, with the instants at which they began and ended.
SELECT
    c.account_id,
    c.subscription_id,
    c.service_id,
    c.turn,
    c.measured_by,
    c.billed,
    c.carried,
    c.used,
    abono_midnight(c.starts_on, o.time_zone) AS starts_at,
    abono_midnight(c.ends_on, o.time_zone) AS ends_at
FROM usage_period AS c
INNER JOIN operators_operator AS o ON c.operator_id = o.id
WHERE c.measured_by IS NOT NULL AND NOT c.partial
