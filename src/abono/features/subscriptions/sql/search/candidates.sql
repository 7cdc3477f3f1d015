-- All three; the page is cut from them.
SELECT source, operator_id, text, account_id, id FROM by_number
UNION ALL
SELECT source, operator_id, text, account_id, id FROM by_word
UNION ALL
SELECT source, operator_id, text, account_id, id FROM by_unit
