-- Segments over everything that is known of customers: what each customer comes to, which is kept beside the customer; who was in a segment
-- before; and changes that are gathered until one job looks after many customers.
-- Two indexes are made, over customers and over members of segments, and have those wait who write them: a time for it is chosen.

-- What rules ask of most often, so that they need not read whole customers.
CREATE INDEX customer_segment_idx ON crm.customer (tenant_id, id) INCLUDE (kind, stage, language) WHERE deleted_at IS NULL;
CREATE INDEX segment_member_entered_idx ON crm.segment_member (tenant_id, segment_id, entered_at, customer_id);

-- Objects that something is to be done about. Appending is all that a writer does here, so that two who change things of one tenant do not
-- wait for each other, as they would with a job that has a unique key; a worker sees to it that there is one.
CREATE TABLE job.gathered (
    tenant_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT gathered_kind_check CHECK (length(kind) BETWEEN 1 AND 100),
    id uuid NOT NULL,
    queue text NOT NULL CONSTRAINT gathered_queue_check CHECK (length(queue) BETWEEN 1 AND 100),
    item uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
-- UPDATE for locking rows.
SELECT platform.protect('job.gathered', 'SELECT, INSERT, UPDATE, DELETE');
CREATE POLICY queue ON job.gathered TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT ON job.gathered TO mehvar_queue;

-- What a customer's orders, interactions and answers come to, so that a rule need not read them all. Derived: found out anew from them
-- whenever one changes, never counted up. Customers with nothing have no row.
CREATE TABLE crm.customer_summary (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_count integer NOT NULL DEFAULT 0,
    -- In the tenant's currency, without what came back.
    order_amount numeric NOT NULL DEFAULT 0,
    order_margin numeric,
    first_ordered_on date,
    last_ordered_on date,
    interaction_count integer NOT NULL DEFAULT 0,
    last_interaction_at timestamptz,
    -- The mean of what was noted.
    satisfaction numeric(4, 2),
    -- The newest answers.
    nps smallint,
    csat smallint,
    ces smallint,
    last_response_at timestamptz,
    -- How the customer compares with the others; found out each night.
    tier text CONSTRAINT customer_summary_tier_check CHECK (tier IN ('a', 'b', 'c')),
    recency smallint CONSTRAINT customer_summary_recency_check CHECK (recency BETWEEN 1 AND 5),
    frequency smallint CONSTRAINT customer_summary_frequency_check CHECK (frequency BETWEEN 1 AND 5),
    money smallint CONSTRAINT customer_summary_money_check CHECK (money BETWEEN 1 AND 5),
    PRIMARY KEY (tenant_id, customer_id)
        INCLUDE (order_count, order_amount, last_ordered_on, interaction_count, tier, recency, frequency, money),
    CONSTRAINT customer_summary_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
SELECT platform.protect('crm.customer_summary', 'SELECT, INSERT, UPDATE, DELETE');

-- Who was in a segment and is not any more. crm.segment_member has those who are.
CREATE TABLE crm.segment_stay (
    tenant_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entered_at timestamptz NOT NULL,
    left_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, segment_id, customer_id, entered_at),
    CONSTRAINT segment_stay_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment (tenant_id, id),
    CONSTRAINT segment_stay_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX segment_stay_customer_idx ON crm.segment_stay (tenant_id, customer_id, entered_at);
CREATE INDEX segment_stay_entered_idx ON crm.segment_stay (tenant_id, segment_id, entered_at, customer_id);
CREATE INDEX segment_stay_left_idx ON crm.segment_stay (tenant_id, segment_id, left_at, customer_id);
SELECT platform.protect('crm.segment_stay', 'SELECT, INSERT, DELETE');
ALTER TABLE crm.segment ADD COLUMN description text CONSTRAINT segment_description_check CHECK (length(description) BETWEEN 1 AND 2000);

-- Every night each tenant's customers are compared anew, and rules that heed the day are evaluated.
CREATE POLICY platform ON job.schedule TO mehvar_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON job.schedule TO mehvar_platform;
INSERT INTO job.schedule (tenant_id, name, cron, time_zone, queue, kind, version, priority, max_attempts, cost, unique_key, parameters)
SELECT s.tenant_id, 'segments', '10 0 * * *', s.time_zone, 'segments', 'segments.refresh', 1, 0, 20, 1, 'segments.refresh/all', '{}'
FROM crm.tenant_setting s JOIN job.tenant t ON t.tenant_id = s.tenant_id
ON CONFLICT DO NOTHING;
-- And now, since rules would find nobody who has ordered.
INSERT INTO job.job (tenant_id, id, queue, kind, state, unique_key, parameters)
SELECT s.tenant_id, gen_random_uuid(), 'segments', 'segments.refresh', 'ready', 'segments.refresh/all', '{}'
FROM crm.tenant_setting s JOIN job.tenant t ON t.tenant_id = s.tenant_id
ON CONFLICT DO NOTHING;
