-- name: reserve
-- The lock lets others go on opening accounts and saving plans; only another import waits.
SELECT id FROM operators_operator WHERE id = %(operator)s FOR NO KEY UPDATE;
