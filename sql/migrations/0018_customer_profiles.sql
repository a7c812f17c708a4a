-- What the business knows of a customer: names in other scripts, where the customer came from and belongs, tags, references of other systems,
-- how the relationship went, and who agreed to what.

ALTER TABLE crm.customer
    -- By ISO 15924 code of the script.
    ADD COLUMN names jsonb NOT NULL DEFAULT '{}' CONSTRAINT customer_names_check CHECK (jsonb_typeof(names) = 'object'),
    ADD COLUMN birth_date date,
    ADD COLUMN source text CONSTRAINT customer_source_check CHECK (length(source) BETWEEN 1 AND 100),
    ADD COLUMN acquisition_amount numeric(18, 4) CONSTRAINT customer_acquisition_check CHECK (acquisition_amount >= 0),
    ADD COLUMN acquisition_currency text CONSTRAINT customer_acquisition_currency_check CHECK (acquisition_currency ~ '^[A-Z]{3}$'),
    -- The member who looks after the customer.
    ADD COLUMN owner_id uuid,
    -- The organisation that a person belongs to.
    ADD COLUMN organisation_id uuid,
    ADD COLUMN stage_reason text CONSTRAINT customer_stage_reason_check CHECK (length(stage_reason) BETWEEN 1 AND 500),
    -- What is shown of the customer stands in its row, so that showing it takes one look; the tables below find customers by it.
    ADD COLUMN market_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    -- By system.
    ADD COLUMN external_references jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT customer_references_check CHECK (jsonb_typeof(external_references) = 'object'),
    ADD CONSTRAINT customer_acquisition_money_check CHECK (num_nonnulls(acquisition_amount, acquisition_currency) <> 1);
ALTER TABLE crm.customer ADD CONSTRAINT customer_owner_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES crm.member (tenant_id, id);
ALTER TABLE crm.customer
    ADD CONSTRAINT customer_organisation_fkey FOREIGN KEY (tenant_id, organisation_id) REFERENCES crm.customer (tenant_id, id);
CREATE INDEX customer_owner_idx ON crm.customer (tenant_id, owner_id, created_at, id) WHERE owner_id IS NOT NULL;
CREATE INDEX customer_organisation_idx ON crm.customer (tenant_id, organisation_id, created_at, id) WHERE organisation_id IS NOT NULL;
CREATE INDEX customer_deleted_idx ON crm.customer (tenant_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Only customers that are not deleted stand in these three.
CREATE TABLE crm.customer_market (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    market_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, market_id),
    CONSTRAINT customer_market_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id),
    CONSTRAINT customer_market_market_fkey FOREIGN KEY (tenant_id, market_id) REFERENCES crm.market (tenant_id, id)
);
CREATE INDEX customer_market_market_idx ON crm.customer_market (tenant_id, market_id, customer_id);
SELECT platform.protect('crm.customer_market', 'SELECT, INSERT, DELETE');

CREATE TABLE crm.customer_tag (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    tag text NOT NULL CONSTRAINT customer_tag_check CHECK (length(tag) BETWEEN 1 AND 100),
    PRIMARY KEY (tenant_id, customer_id, tag),
    CONSTRAINT customer_tag_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX customer_tag_tag_idx ON crm.customer_tag (tenant_id, tag, customer_id);
SELECT platform.protect('crm.customer_tag', 'SELECT, INSERT, DELETE');

CREATE TABLE crm.customer_reference (
    tenant_id uuid NOT NULL,
    system text NOT NULL CONSTRAINT customer_reference_system_check CHECK (system ~ '^[a-z][a-z0-9_-]{0,49}$'),
    reference text NOT NULL CONSTRAINT customer_reference_reference_check CHECK (length(reference) BETWEEN 1 AND 100),
    customer_id uuid NOT NULL,
    -- The system last: whoever looks for a number may not know which system it is of.
    CONSTRAINT customer_reference_pkey PRIMARY KEY (tenant_id, reference, system),
    CONSTRAINT customer_reference_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX customer_reference_customer_idx ON crm.customer_reference (tenant_id, customer_id);
SELECT platform.protect('crm.customer_reference', 'SELECT, INSERT, DELETE');

-- How the relationship went. The stage that a customer began with is the first row's from_stage.
CREATE TABLE crm.stage_change (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    from_stage text NOT NULL CONSTRAINT stage_change_from_check CHECK (from_stage IN ('potential', 'actual', 'lost')),
    to_stage text NOT NULL CONSTRAINT stage_change_to_check CHECK (to_stage IN ('potential', 'actual', 'lost')),
    reason text CONSTRAINT stage_change_reason_check CHECK (length(reason) BETWEEN 1 AND 500),
    actor_kind text NOT NULL,
    actor_id uuid,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT stage_change_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX stage_change_customer_idx ON crm.stage_change (tenant_id, customer_id, changed_at, id);
CREATE INDEX stage_change_time_idx ON crm.stage_change (tenant_id, changed_at, id);
SELECT platform.protect('crm.stage_change', 'SELECT, INSERT');

-- Every word on whether a customer may be written to; crm.consent has the latest of each channel.
CREATE TABLE crm.consent_record (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    channel text NOT NULL CONSTRAINT consent_record_channel_check CHECK (channel IN ('email', 'phone', 'sms', 'whatsapp', 'postal')),
    is_granted boolean NOT NULL,
    source text NOT NULL CONSTRAINT consent_record_source_check CHECK (source IN ('import', 'api', 'unsubscribe')),
    -- What shows that it was said: a form, a recording, a page and its address.
    proof text CONSTRAINT consent_record_proof_check CHECK (length(proof) BETWEEN 1 AND 2000),
    -- When the customer said it, which may be long before it was recorded.
    given_at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL,
    actor_id uuid,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT consent_record_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX consent_record_customer_idx ON crm.consent_record (tenant_id, customer_id, recorded_at, id);
CREATE INDEX consent_record_time_idx ON crm.consent_record (tenant_id, recorded_at, id);
SELECT platform.protect('crm.consent_record', 'SELECT, INSERT');

-- What was said before there was a log.
INSERT INTO crm.consent_record (tenant_id, id, customer_id, channel, is_granted, source, given_at, actor_kind, recorded_at)
SELECT c.tenant_id, gen_random_uuid(), c.customer_id, c.channel, c.is_granted, c.source, c.recorded_at, 'cli', c.recorded_at
FROM crm.consent c
ON CONFLICT DO NOTHING;

ALTER TABLE crm.contact_point
    ADD COLUMN type text CONSTRAINT contact_point_type_check CHECK (type IN ('home', 'work', 'mobile', 'billing', 'shipping', 'other'));
