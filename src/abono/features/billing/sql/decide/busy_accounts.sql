-- The accounts that are left alone because another step has to come first for one of their subscriptions.
SELECT l.account_id FROM open_subscriptions AS l
WHERE l.needs_more AND NOT %(anyway)s::boolean
GROUP BY l.account_id
