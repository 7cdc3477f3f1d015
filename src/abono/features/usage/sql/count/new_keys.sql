-- Keeps the keys of what is counted; the statement fails where a key is there already.
INSERT INTO usage_key (account_id, key, operator_id, at, content)
SELECT j.account_id, j.key, j.operator_id, j.at, j.content FROM judged_events AS j
WHERE j.refused IS NULL AND j.key IS NOT NULL
RETURNING account_id
