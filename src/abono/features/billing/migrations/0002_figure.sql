-- name: figure
-- A sum of money over many accounts as it is shown: rounded once, and up to 10^18 minor units, which no books reach.
CREATE FUNCTION abono_figure(amount numeric) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abono_half_up(greatest(least(amount, 1000000000000000000), -1000000000000000000), 1);
