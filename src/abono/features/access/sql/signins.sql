-- name: take_turn
-- Attempts with the same key are judged one after another.
SELECT pg_advisory_xact_lock(hashtextextended('abono.signin.' || %(key)s::text, 0));

-- name: known
-- Whether this browser has signed in with this address before.
SELECT count(*) > 0 AS known FROM access_signin
WHERE email = %(email)s::text AND outcome = 'done' AND device = %(device)s;

-- name: failures_of_email
-- Wrong passwords since the last right one, from browsers that never signed in with this address.
SELECT count(*) AS failures, max(at) AS latest FROM access_signin
WHERE
    email = %(email)s::text AND NOT known AND method IN ('password', 'confirmation') AND outcome = 'failed'
    AND at > %(since)s::timestamptz
    AND id > coalesce(
        (
            SELECT max(s.id) FROM access_signin AS s
            WHERE
                s.email = %(email)s::text
                AND ((NOT s.known AND s.outcome = 'done') OR (s.method = 'reset' AND s.outcome = 'right'))
        ),
        0
    );

-- name: failures_of_device
-- The same for one browser that is known.
SELECT count(*) AS failures, max(at) AS latest FROM access_signin
WHERE
    email = %(email)s::text AND device = %(device)s AND method IN ('password', 'confirmation') AND outcome = 'failed'
    AND at > %(since)s::timestamptz
    AND id > coalesce(
        (
            SELECT max(s.id) FROM access_signin AS s
            WHERE
                s.email = %(email)s::text
                AND (
                    (s.device = %(device)s AND s.outcome = 'done') OR (s.method = 'reset' AND s.outcome = 'right')
                )
        ),
        0
    );

-- name: failures_of_network
-- Wrong passwords for whatever address, and how many people signed in from there meanwhile.
SELECT
    count(*) FILTER (WHERE outcome = 'failed' AND NOT known AND method = 'password') AS failures,
    max(at) FILTER (WHERE outcome = 'failed' AND NOT known AND method = 'password') AS latest,
    count(DISTINCT user_id) FILTER (WHERE outcome = 'done') AS people
FROM access_signin
WHERE network = %(network)s::inet AND at > %(since)s::timestamptz;

-- name: failures_of_codes
-- Wrong codes of somebody since the last right one. Only who has the password gets so far.
SELECT count(*) AS failures, max(at) AS latest FROM access_signin
WHERE
    user_id = %(user)s AND method = 'code' AND outcome = 'failed' AND at > %(since)s::timestamptz
    AND id > coalesce(
        (
            SELECT max(s.id) FROM access_signin AS s
            WHERE s.user_id = %(user)s AND s.method = 'code' AND s.outcome <> 'failed'
        ),
        0
    );

-- name: add_signin
-- An attempt; the user is looked up here, so that it takes as long for an address that nobody has.
INSERT INTO access_signin (at, email, user_id, address, network, agent, device, known, method, outcome)
VALUES (
    %(now)s::timestamptz,
    %(email)s::text,
    (SELECT u.id FROM access_user AS u WHERE u.email = %(email)s::text),
    %(address)s::inet,
    %(network)s::inet,
    %(agent)s,
    %(device)s,
    %(known)s,
    %(method)s,
    %(outcome)s
)
RETURNING id;

-- name: recently_refused
-- One line a minute tells enough of somebody who does not stop.
SELECT count(*) > 0 AS recently FROM access_signin
WHERE
    email = %(email)s::text AND outcome = 'refused' AND network IS NOT DISTINCT FROM %(network)s::inet
    AND at > %(now)s::timestamptz - interval '1 minute';

-- name: right
UPDATE access_signin SET outcome = 'right' WHERE id = %(attempt)s;

-- name: finish
UPDATE access_signin SET outcome = 'done', device = %(device)s WHERE id = %(attempt)s AND email = %(email)s::text;

-- name: of_user
SELECT at, address, agent, method, outcome, known FROM access_signin
WHERE user_id = %(user)s
ORDER BY id DESC
LIMIT %(most)s;

-- name: forget
DELETE FROM access_signin WHERE at < %(before)s::timestamptz;
