-- The claims of accounts that cannot pay all of theirs, with what is left of the money after each.
SELECT
    a.*,
    abono_left(a.available, a.total, a.always OR %(lenient)s::boolean) OVER (
        PARTITION BY a.account_id ORDER BY a.place
        ROWS UNBOUNDED PRECEDING
    ) AS left_after
FROM claims_in_order AS a
WHERE a.account_total > a.available
