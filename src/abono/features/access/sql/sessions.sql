-- Sessions are reached by functions alone: behind the wall nobody reads their keys.

-- name: sessions
SELECT id, address, agent, created_at, last_seen_at, here
FROM abono_sessions(%(user)s::bigint, %(own)s::text, %(now)s::timestamptz);

-- name: end_sessions
SELECT abono_end_sessions(%(user)s::bigint, %(session)s::bigint, %(but)s::text);
