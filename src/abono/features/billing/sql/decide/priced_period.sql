-- The same subscriptions, with the rate in force, the fee, and the part of the price that is due; NULL is all of it.
SELECT
    d.*,
    r.id AS new_rate_id,
    r.price,
    r.gross,
    r.tax AS gross_tax,
    r.inclusive,
    r.tax_rates,
    r.tax_weights,
    CASE WHEN d.fee_due AND d.charge <> 'arrears' THEN r.fee ELSE 0 END AS fee,
    CASE WHEN d.fee_due AND d.charge <> 'arrears' THEN r.fee_tax ELSE 0 END AS fee_tax,
    CASE
        WHEN d.charge = 'arrears' OR (d.charge = 'daily' AND d.begins_on > %(day)s::date) THEN 0
        WHEN d.charge = 'daily'
            THEN abono_slice(r.price, %(day)s::date - d.cycle_starts_on + 1, d.new_cycle_days)
        WHEN d.returns AND d.resume = 'remainder' AND d.cycle_starts_on < d.begins_on
            THEN abono_half_up(r.price * (d.new_ends_on - d.begins_on), d.new_cycle_days)
        WHEN d.returns OR d.cycle_starts_on >= %(day)s::date OR d.first_period = 'full' THEN NULL
        WHEN d.first_period = 'free' THEN 0
        ELSE abono_half_up(r.price * (d.new_ends_on - %(day)s::date), d.new_cycle_days)
    END AS part
FROM next_period AS d
INNER JOIN catalogue_rate AS r
    ON
        d.plan_id = r.plan_id AND d.quantity = r.quantity
        -- All daily slices of a period have the price that it began with.
        AND CASE
            WHEN d.within THEN d.rate_id = r.id
            ELSE d.new_starts_on >= r.valid_from AND d.new_starts_on < r.valid_to
        END
OFFSET 0
