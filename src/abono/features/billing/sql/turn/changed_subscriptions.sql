-- Ends or changes the subscriptions.
UPDATE subscriptions_subscription AS s SET
    plan_id = CASE WHEN t.ends THEN s.plan_id ELSE s.next_plan_id END,
    quantity = CASE WHEN t.ends THEN s.quantity ELSE s.next_quantity END,
    next_plan_id = NULL,
    next_quantity = NULL,
    terms_id = CASE WHEN t.ends THEN s.terms_id ELSE uuidv7() END,
    terms_cause = CASE WHEN t.ends THEN s.terms_cause ELSE 'changed' END,
    anchor_on = CASE
        WHEN t.ends OR NOT t.other_length THEN s.anchor_on
        WHEN t.step_unit = 'day' THEN %(day)s::date
        ELSE date_trunc('month', %(day)s::date)::date
    END,
    anchor_day = CASE
        WHEN t.ends OR NOT t.other_length THEN s.anchor_day
        WHEN t.step_unit = 'day' THEN 0
        ELSE extract(DAY FROM %(day)s::date)
    END,
    cycle = CASE WHEN t.ends OR NOT t.other_length THEN s.cycle ELSE t.fresh_cycle END,
    state = CASE WHEN t.ends THEN 'ended' ELSE s.state END,
    reasons = CASE WHEN t.ends THEN 0 ELSE s.reasons END,
    early = CASE WHEN t.ends THEN FALSE ELSE s.early END,
    runs = CASE WHEN t.ends THEN FALSE ELSE s.runs END,
    look_at = CASE WHEN t.ends THEN NULL ELSE s.look_at END,
    ended_on = CASE WHEN t.ends THEN %(day)s::date END
FROM waiting_subscriptions AS t
WHERE s.account_id = t.account_id AND s.id = t.id
