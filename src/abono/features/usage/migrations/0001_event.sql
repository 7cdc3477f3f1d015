-- The table of events, which is cut by month.

-- name: event
-- The key must hold the column by which the table is cut; an account's events of a subscription lie side by side by
-- their time. No foreign keys: an event is written together with the counter, which has them.
CREATE TABLE usage_event (
    account_id bigint NOT NULL,
    id uuid NOT NULL,
    operator_id bigint NOT NULL,
    subscription_id uuid NOT NULL,
    service_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    quantity numeric(40, 12) NOT NULL,
    turn integer NOT NULL,
    counted_on date,
    seats boolean NOT NULL,
    key varchar(200),
    reported numeric(40, 12),
    reported_service_id bigint,
    weight numeric(12, 6),
    properties jsonb,
    PRIMARY KEY (account_id, subscription_id, at, id)
) PARTITION BY RANGE (at);

-- name: seats
-- Seats are looked up by their date.
CREATE INDEX usage_event_seats ON usage_event (account_id, subscription_id, service_id, at) WHERE seats;
