-- Takes what was spent off the balances, and sets when each account is due next.
UPDATE ledger_account AS a SET balance = a.balance - t.spent, due_at = t.due_at
FROM (
    SELECT
        w.account_id,
        sum(w.spent)::bigint AS spent,
        least(abono_midnight(min(w.day), %(zone)s), min(w.look_at), min(h.lapses_at)) AS due_at
    FROM next_work AS w
    LEFT JOIN (
        SELECT account_id, min(expires_at) AS lapses_at FROM usage_reservation
        WHERE account_id BETWEEN %(first)s AND %(last)s AND closed_at IS NULL AND hold_id IS NOT NULL
        GROUP BY account_id
    ) AS h ON w.account_id = h.account_id
    GROUP BY w.account_id
) AS t
WHERE
    a.account_id = t.account_id AND a.account_id BETWEEN %(first)s AND %(last)s
    AND (t.spent > 0 OR a.due_at IS DISTINCT FROM t.due_at)
