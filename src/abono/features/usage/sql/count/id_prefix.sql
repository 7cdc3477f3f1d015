-- One row: what the ids of this batch are made of, the digits of the instant and a number drawn for it.
SELECT
    left(replace(uuidv7()::text, '-', ''), 16) AS digits,
    floor(random() * 4398046511104)::bigint AS drawn
