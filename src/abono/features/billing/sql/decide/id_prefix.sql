-- One row: the digits of the instant from which the ids of this statement are made.
SELECT left(replace(uuidv7()::text, '-', ''), 16) AS digits
