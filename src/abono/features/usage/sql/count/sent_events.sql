-- The events of the batch as they were sent.
SELECT e.*
FROM
    abono_events(
        %(spots)s, %(quantities)s, %(instants)s, %(keys)s, %(properties)s, %(sent)s, %(sent_ids)s, %(weights)s
    ) AS e
