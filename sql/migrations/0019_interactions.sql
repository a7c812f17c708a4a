-- What happened between a customer and any department, and the day's orders among it.
-- The table of orders is written anew, which takes a minute or so for ten million and has everybody wait: a time for it is chosen.

CREATE TABLE crm.interaction (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT interaction_kind_check CHECK (kind IN ('call', 'mail', 'meeting', 'chat', 'ticket', 'note')),
    direction text CONSTRAINT interaction_direction_check CHECK (direction IN ('inbound', 'outbound')),
    channel text CONSTRAINT interaction_channel_check CHECK (channel IN
        ('phone', 'email', 'sms', 'chat', 'whatsapp', 'social', 'web', 'in_person', 'postal', 'other')),
    happened_at timestamptz NOT NULL,
    duration_seconds integer CONSTRAINT interaction_duration_check CHECK (duration_seconds >= 0),
    subject text CONSTRAINT interaction_subject_check CHECK (length(subject) BETWEEN 1 AND 200),
    body text CONSTRAINT interaction_body_check CHECK (length(body) BETWEEN 1 AND 10000),
    department_id uuid,
    member_id uuid,
    touchpoint_id uuid,
    outcome text CONSTRAINT interaction_outcome_check CHECK (length(outcome) BETWEEN 1 AND 200),
    satisfaction smallint CONSTRAINT interaction_satisfaction_check CHECK (satisfaction BETWEEN 1 AND 5),
    -- Whether somebody still has to do something about it, and until when.
    is_open boolean NOT NULL DEFAULT false,
    due_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT interaction_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id),
    CONSTRAINT interaction_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department (tenant_id, id),
    CONSTRAINT interaction_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id),
    CONSTRAINT interaction_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint (tenant_id, id)
);
CREATE INDEX interaction_customer_idx ON crm.interaction (tenant_id, customer_id, happened_at, id) WHERE deleted_at IS NULL;
CREATE INDEX interaction_time_idx ON crm.interaction (tenant_id, happened_at, id) WHERE deleted_at IS NULL;
CREATE INDEX interaction_department_idx ON crm.interaction (tenant_id, department_id, happened_at, id) WHERE department_id IS NOT NULL;
CREATE INDEX interaction_member_idx ON crm.interaction (tenant_id, member_id, happened_at, id) WHERE member_id IS NOT NULL;
CREATE INDEX interaction_touchpoint_idx ON crm.interaction (tenant_id, touchpoint_id, happened_at, id) WHERE touchpoint_id IS NOT NULL;
CREATE INDEX interaction_open_idx ON crm.interaction (tenant_id, customer_id, happened_at, id) WHERE is_open AND deleted_at IS NULL;
SELECT platform.protect('crm.interaction', 'SELECT, INSERT, UPDATE');

-- Where an order stands among what happened: sources that know no time of day give the day alone, whose first moment in UTC stands for it.
ALTER TABLE crm.customer_order
    ADD COLUMN ordered_at timestamptz,
    ADD COLUMN happened_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(ordered_at, ordered_on::timestamp AT TIME ZONE 'UTC')) STORED;
CREATE INDEX customer_order_timeline_idx ON crm.customer_order (tenant_id, customer_id, happened_at, id) WHERE deleted_at IS NULL;
CREATE INDEX response_customer_idx ON crm.response (tenant_id, customer_id, submitted_at, id) WHERE customer_id IS NOT NULL;
