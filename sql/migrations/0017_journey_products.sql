-- The way that customers go with the business, and what it sells them.

CREATE TABLE crm.journey_stage (
    tenant_id uuid NOT NULL CONSTRAINT journey_stage_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT journey_stage_name_check CHECK (length(name) BETWEEN 1 AND 200),
    position integer NOT NULL CONSTRAINT journey_stage_position_check CHECK (position > 0),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX journey_stage_name_key ON crm.journey_stage (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX journey_stage_position_idx ON crm.journey_stage (tenant_id, position, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.journey_stage', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.touchpoint (
    tenant_id uuid NOT NULL CONSTRAINT touchpoint_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT touchpoint_name_check CHECK (length(name) BETWEEN 1 AND 200),
    stage_id uuid NOT NULL,
    position integer NOT NULL CONSTRAINT touchpoint_position_check CHECK (position > 0),
    is_moment_of_truth boolean NOT NULL DEFAULT false,
    -- Who answers for it.
    department_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT touchpoint_stage_fkey FOREIGN KEY (tenant_id, stage_id) REFERENCES crm.journey_stage (tenant_id, id),
    CONSTRAINT touchpoint_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department (tenant_id, id)
);
CREATE UNIQUE INDEX touchpoint_name_key ON crm.touchpoint (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX touchpoint_position_idx ON crm.touchpoint (tenant_id, position, id) WHERE deleted_at IS NULL;
CREATE INDEX touchpoint_stage_idx ON crm.touchpoint (tenant_id, stage_id);
CREATE INDEX touchpoint_department_idx ON crm.touchpoint (tenant_id, department_id);
SELECT platform.protect('crm.touchpoint', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.product (
    tenant_id uuid NOT NULL CONSTRAINT product_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    -- The business's own number.
    code text NOT NULL CONSTRAINT product_code_check CHECK (length(code) BETWEEN 1 AND 100),
    name text NOT NULL CONSTRAINT product_name_check CHECK (length(name) BETWEEN 1 AND 200),
    price_amount numeric(18, 4) CONSTRAINT product_price_check CHECK (price_amount >= 0),
    price_currency text CONSTRAINT product_price_currency_check CHECK (price_currency ~ '^[A-Z]{3}$'),
    -- What one costs the business.
    cost_amount numeric(18, 4) CONSTRAINT product_cost_check CHECK (cost_amount >= 0),
    cost_currency text CONSTRAINT product_cost_currency_check CHECK (cost_currency ~ '^[A-Z]{3}$'),
    state text NOT NULL DEFAULT 'active' CONSTRAINT product_state_check CHECK (state IN ('active', 'weak', 'outdated', 'withdrawn')),
    -- What is sold in its place.
    successor_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT product_money_check CHECK (num_nonnulls(price_amount, price_currency) <> 1 AND num_nonnulls(cost_amount, cost_currency) <> 1),
    CONSTRAINT product_successor_fkey FOREIGN KEY (tenant_id, successor_id) REFERENCES crm.product (tenant_id, id)
);
CREATE UNIQUE INDEX product_code_key ON crm.product (tenant_id, code) WHERE deleted_at IS NULL;
CREATE INDEX product_created_idx ON crm.product (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX product_successor_idx ON crm.product (tenant_id, successor_id);
SELECT platform.protect('crm.product', 'SELECT, INSERT, UPDATE');
