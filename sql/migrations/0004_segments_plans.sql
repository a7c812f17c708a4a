-- Segments, who is in them, and the marketing-mix plans made for them.

CREATE TABLE crm.segment (
    tenant_id uuid NOT NULL CONSTRAINT segment_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT segment_name_check CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CONSTRAINT segment_kind_check CHECK (kind IN ('manual', 'rule')),
    rule jsonb,
    member_count integer,
    evaluated_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT segment_rule_check CHECK ((kind = 'rule') = (rule IS NOT NULL))
);
CREATE UNIQUE INDEX segment_name_key ON crm.segment (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX segment_created_idx ON crm.segment (tenant_id, created_at, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.segment', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.segment_member (
    tenant_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, segment_id, customer_id),
    CONSTRAINT segment_member_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment (tenant_id, id),
    CONSTRAINT segment_member_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX segment_member_customer_idx ON crm.segment_member (tenant_id, customer_id);
SELECT platform.protect('crm.segment_member', 'SELECT, INSERT, DELETE');

CREATE TABLE crm.plan (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    segment_id uuid NOT NULL,
    name text NOT NULL CONSTRAINT plan_name_check CHECK (length(name) BETWEEN 1 AND 200),
    -- The newest revision.
    revision integer NOT NULL DEFAULT 1,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT plan_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment (tenant_id, id)
);
CREATE UNIQUE INDEX plan_name_key ON crm.plan (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX plan_created_idx ON crm.plan (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX plan_segment_idx ON crm.plan (tenant_id, segment_id);
SELECT platform.protect('crm.plan', 'SELECT, INSERT, UPDATE');

-- Every revision stays as it was written.
CREATE TABLE crm.plan_revision (
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    revision integer NOT NULL,
    -- The 7 P by name: product, price, place, promotion, people, process, physical_evidence.
    elements jsonb NOT NULL CONSTRAINT plan_revision_elements_check CHECK (elements ?& '{product,price,place,promotion,people,process,physical_evidence}'),
    objectives text[] NOT NULL DEFAULT '{}',
    budget_amount numeric(18, 4) CONSTRAINT plan_revision_budget_check CHECK (budget_amount >= 0),
    budget_currency text CONSTRAINT plan_revision_currency_check CHECK (budget_currency ~ '^[A-Z]{3}$'),
    activities jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, plan_id, revision),
    CONSTRAINT plan_revision_money_check CHECK (num_nonnulls(budget_amount, budget_currency) <> 1),
    CONSTRAINT plan_revision_plan_fkey FOREIGN KEY (tenant_id, plan_id) REFERENCES crm.plan (tenant_id, id)
);
SELECT platform.protect('crm.plan_revision', 'SELECT, INSERT');
