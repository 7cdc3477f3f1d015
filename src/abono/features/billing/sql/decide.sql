-- name: decide
-- The decision: who pays at this instant, what they pay, and what becomes of those who cannot.
--
-- With ``boundaries`` it decides every boundary and daily slice that is due on ``day``; with ``returns`` it tries the
-- return of what was suspended for want of money. An account's claims on its money are taken in order: arrears are
-- judged, then boundaries, then returns, each by priority, then age; each is paid whole or not at all.
-- ``OFFSET 0`` keeps a layer's expressions from being folded into the next and worked out many times.
-- Accounts where other steps must come first (a pause or a period in arrears ends, a change waits, a look-ahead is due)
-- are left alone (``busy_accounts``), unless it decides ``anyway``. ``subscription`` restricts it to one; ``lenient``
-- pays on debt and notes what was missing (a forecast of what would be needed).
-- layers:
--   id_prefix MATERIALIZED
--   claimed_accounts
--   open_subscriptions MATERIALIZED
--   busy_accounts MATERIALIZED
--   next_cycle
--   cycle_dates
--   next_period
--   priced_period
--   taxed_period
--   carried_seats MATERIALIZED
--   carried_totals
--   claims_in_order MATERIALIZED
--   contested_after
--   contested_before
--   verdict
--   outcome MATERIALIZED
--   entries
--   charges
--   seat_counters
--   closed_quota_periods
--   next_work
--   balances
--   begun_periods
--   stopped_subscriptions
--   transitions
--   notices
SELECT
    count(*) FILTER (WHERE d.passes AND d.amount > 0) AS charged,
    coalesce(sum(d.total) FILTER (WHERE d.passes), 0)::bigint AS amount,
    count(*) FILTER (WHERE NOT d.passes AND NOT d.returns AND d.new_state = 'suspended') AS suspended,
    count(*) FILTER (WHERE NOT d.passes AND NOT d.returns AND d.new_state = 'ended') AS ended,
    count(*) FILTER (WHERE d.passes AND d.state = 'suspended') AS returned,
    count(*) FILTER (WHERE d.new_look_at <= %(instant)s::timestamptz) AS looks,
    coalesce(max(d.missing), 0) AS missing,
    count(b.account_id) AS busy
FROM outcome AS d
FULL JOIN busy_accounts AS b ON d.account_id = b.account_id;
