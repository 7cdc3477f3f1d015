-- The arithmetic of use inside the database. Each is a rule of abono.kernel.rating, held against it by a test.

-- name: cost
-- kernel.rating: what a model asks for a quantity that is left after the included, exact, in whole currency units.
CREATE OR REPLACE FUNCTION abono_cost(terms jsonb, quantity numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE terms ->> 'model'
    WHEN 'standard' THEN quantity * (terms ->> 'unit')::numeric
    WHEN 'package'
        THEN
            (
                div(quantity, (terms ->> 'size')::numeric)
                + CASE WHEN mod(quantity, (terms ->> 'size')::numeric) > 0 THEN 1 ELSE 0 END
            ) * (terms ->> 'price')::numeric
    WHEN 'percentage'
        THEN CASE
            WHEN quantity = 0 THEN 0
            ELSE least(
                greatest(
                    quantity * (terms ->> 'rate')::numeric * 0.01 + coalesce((terms ->> 'fixed')::numeric, 0),
                    (terms ->> 'min')::numeric
                ),
                (terms ->> 'max')::numeric
            )
        END
    WHEN 'volume'
        THEN CASE
            WHEN quantity = 0 THEN 0
            ELSE (
                SELECT coalesce((t.tier ->> 'flat')::numeric, 0) + (t.tier ->> 'unit')::numeric * quantity
                FROM jsonb_array_elements(terms -> 'tiers') WITH ORDINALITY AS t (tier, place)
                WHERE (t.tier ->> 'up_to') IS NULL OR quantity <= (t.tier ->> 'up_to')::numeric
                ORDER BY t.place
                LIMIT 1
            )
        END
    WHEN 'graduated'
        THEN (
            SELECT
                coalesce(
                    sum(
                        coalesce((b.tier ->> 'flat')::numeric, 0)
                        + (b.tier ->> 'unit')::numeric
                        * (least(quantity, (b.tier ->> 'up_to')::numeric) - b.below)
                    ),
                    0
                )
            FROM (
                SELECT
                    t.tier,
                    coalesce(lag((t.tier ->> 'up_to')::numeric) OVER (ORDER BY t.place), 0) AS below
                FROM jsonb_array_elements(terms -> 'tiers') WITH ORDINALITY AS t (tier, place)
            ) AS b
            WHERE quantity > b.below
        )
    ELSE 0
END;

-- name: charged
-- kernel.rating.rate_amount: a cost within the service's minimum and maximum, in minor units, rounded once.
CREATE OR REPLACE FUNCTION abono_charged(terms jsonb, cost numeric, digits integer) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN abono_half_up(
    least(
        least(greatest(cost, (terms ->> 'minimum')::numeric), (terms ->> 'maximum')::numeric)
        * ('1e' || digits)::numeric,
        999999999999999
    ),
    1
);

-- name: packs
-- kernel.rating.packs: how many whole packs a quantity that is left after the included starts; 0 for other models.
CREATE OR REPLACE FUNCTION abono_packs(terms jsonb, quantity numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN terms ->> 'model' = 'package'
        THEN
            div(quantity, (terms ->> 'size')::numeric)
            + CASE WHEN mod(quantity, (terms ->> 'size')::numeric) > 0 THEN 1 ELSE 0 END
    ELSE 0
END;

-- name: use_content
-- What makes an event the same as another with its key. Of a text, because the hashes of numbers tell neither their
-- signs nor all instants apart. Hashes by which tables may be partitioned stay the same from one release of the server
-- to the next.
CREATE OR REPLACE FUNCTION abono_use_content(
    subscription uuid, service text, quantity numeric, at timestamptz, properties jsonb
) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN hashtextextended(
    concat_ws(E'\n', subscription, service, trim_scale(quantity), extract(EPOCH FROM at), properties), 0
);

-- name: spots
-- The spots of a batch, numbered from 0, of their columns as text with an entry on each line. (STRICT keeps the
-- function as it is, so that the planner expects so many ROWS.)
CREATE OR REPLACE FUNCTION abono_spots(accounts text, subscriptions text, services text)
RETURNS TABLE (spot integer, account_id bigint, subscription_id uuid, service text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100 AS $$
SELECT (l.line - 1)::integer, l.account::bigint, l.subscription::uuid, l.service
FROM ROWS FROM (
    string_to_table(accounts, E'\n'), string_to_table(subscriptions, E'\n'), string_to_table(services, E'\n')
) WITH ORDINALITY AS l (account, subscription, service, line)
$$;

-- name: events
-- The events of a batch, numbered from 0, likewise; instants in microseconds since 1970. An empty line is nothing; a
-- column may be left out (NULL).
CREATE OR REPLACE FUNCTION abono_events(
    spots text,
    quantities text,
    instants text,
    keys text,
    properties text,
    services text,
    service_ids text,
    weights text
)
RETURNS TABLE (
    place integer,
    spot integer,
    quantity numeric,
    at timestamptz,
    key text,
    properties jsonb,
    service text,
    service_id bigint,
    weight numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT
    (l.line - 1)::integer,
    l.spot::integer,
    l.quantity::numeric,
    timestamptz '1970-01-01 00:00:00Z' + l.instant::float8 * interval '1 microsecond',
    l.key,
    l.properties::jsonb,
    l.service,
    l.service_id::bigint,
    l.weight::numeric
FROM ROWS FROM (
    string_to_table(spots, E'\n'),
    string_to_table(quantities, E'\n'),
    string_to_table(instants, E'\n', ''),
    string_to_table(keys, E'\n', ''),
    string_to_table(properties, E'\n', ''),
    string_to_table(services, E'\n', ''),
    string_to_table(service_ids, E'\n', ''),
    string_to_table(weights, E'\n', '')
) WITH ORDINALITY AS l (spot, quantity, instant, key, properties, service, service_id, weight, line)
$$;

-- name: step
-- What is used after a quantity was tried: it is taken whole or not at all, within a least and a most.
CREATE OR REPLACE FUNCTION abono_step(
    state numeric, used numeric, quantity numeric, least_used numeric, most_used numeric
) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN quantity > 0 AND coalesce(state, used) + quantity > most_used THEN coalesce(state, used)
    WHEN quantity < 0 AND coalesce(state, used) + quantity < least_used THEN coalesce(state, used)
    ELSE coalesce(state, used) + quantity
END;

-- name: taken
-- Running ``used`` over quantities in the order of the window. No most or least is no limit.
CREATE OR REPLACE AGGREGATE abono_taken (used numeric, quantity numeric, least_used numeric, most_used numeric)(
    sfunc = abono_step, stype = numeric
);

-- name: weighed
-- What an event says before it is added up: a sum its quantity times its weight, a count its sign times its weight.
CREATE OR REPLACE FUNCTION abono_weighed(aggregation text, quantity numeric, weight numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE aggregation
    WHEN 'sum' THEN round(quantity * coalesce(weight, 1), 12)
    WHEN 'count' THEN sign(quantity) * coalesce(weight, 1)
    ELSE quantity
END;

-- name: level
-- What is used, the time of the latest event (seconds since 1970), and whether this one was taken, after a quantity was
-- reported. ``unique`` adds it (1 where a value is new), ``max`` keeps the most, ``latest`` what the latest event says,
-- of one time the largest. What would rise above the most is not taken.
CREATE OR REPLACE FUNCTION abono_level_step(
    state numeric[],
    used numeric,
    latest numeric,
    aggregation text,
    reported numeric,
    at numeric,
    most_used numeric
) RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT
        CASE
            WHEN w.wanted > b.used AND w.wanted > most_used THEN ARRAY[b.used, b.latest, 0]
            ELSE ARRAY[w.wanted, greatest(b.latest, at), 1]
        END
    FROM (SELECT coalesce(state[1], used) AS used, CASE WHEN state IS NULL THEN latest ELSE state[2] END AS latest) AS b
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN aggregation = 'max' THEN greatest(b.used, reported)
                WHEN aggregation <> 'latest' THEN b.used + reported
                WHEN b.latest IS NULL OR at > b.latest THEN reported
                WHEN at = b.latest THEN greatest(b.used, reported)
                ELSE b.used
            END AS wanted
    ) AS w
);

-- name: levelled
-- Running level over reported quantities in the order of the window, by the arguments of its step.
CREATE OR REPLACE AGGREGATE abono_levelled (numeric, numeric, text, numeric, numeric, numeric)(
    sfunc = abono_level_step, stype = _numeric
);

-- name: month
-- Makes the partition of events of a month, if it is not there; answers whether it made one. Runs as the owner: behind
-- the second wall nobody may make tables. A partition is shut for itself, what may be seen is seen by way of the whole.
CREATE OR REPLACE FUNCTION abono_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part text := 'usage_event_' || to_char(month, 'YYYYMM');
    starts timestamp with time zone := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
    ends timestamp with time zone := (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('usage_event'));
    -- Another may have made it meanwhile; what names stand for is remembered, the catalogue itself is asked.
    IF EXISTS (SELECT FROM pg_class WHERE relname = part AND relnamespace = 'public'::regnamespace) THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.usage_event INCLUDING DEFAULTS INCLUDING STORAGE)', part);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format(
        'ALTER TABLE public.usage_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part, starts, ends
    );
    EXECUTE format('REVOKE ALL ON public.%I FROM abono_web', part);
    RETURN TRUE;
END
$$;

-- name: warned
-- The highest threshold of warnings, in percent, that so much of the included has reached; 0 for none.
CREATE OR REPLACE FUNCTION abono_warned(used numeric, included numeric) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN included <= 0 THEN 0 WHEN used >= included THEN 100 WHEN used * 5 >= included * 4 THEN 80 ELSE 0 END;

-- name: warned_at
-- The same by a plan's own thresholds, ascending; without any it is those of every plan.
CREATE OR REPLACE FUNCTION abono_warned(used numeric, included numeric, thresholds smallint[]) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN thresholds IS NULL THEN abono_warned(used, included)
    WHEN included <= 0 THEN 0
    ELSE coalesce((
        SELECT max(t.threshold) FROM unnest(thresholds) AS t (threshold)
        WHERE used * 100 >= included * t.threshold
    ), 0)
END;

-- name: thresholds
-- The thresholds that the terms of a service name, in percent; none is NULL, which is 80 and 100.
CREATE OR REPLACE FUNCTION abono_thresholds(terms jsonb) RETURNS smallint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(terms -> 'warn') = 'array'
        THEN
            coalesce(
                (
                    SELECT array_agg(t.threshold::smallint)
                    FROM jsonb_array_elements_text(terms -> 'warn') AS t (threshold)
                ),
                '{}'
            )
END;

-- name: average
-- An average over time: the sum of each level times its seconds, by all seconds, half up to 12 decimals; never below 0.
CREATE OR REPLACE FUNCTION abono_average(level_seconds numeric, seconds numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN div(greatest(level_seconds, 0) * 2000000000000 + seconds, 2 * seconds) * 0.000000000001;

-- name: drop_month
-- Drops the partition of a month, if it is there.
CREATE OR REPLACE FUNCTION abono_usage_drop(month date) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS public.%I', 'usage_event_' || to_char(month, 'YYYYMM'));
END
$$;
