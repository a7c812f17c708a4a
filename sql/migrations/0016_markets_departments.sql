-- Where customers come from, and who in the business deals with them: two trees.

CREATE TABLE crm.market (
    tenant_id uuid NOT NULL CONSTRAINT market_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    -- The main market of a sub-market.
    parent_id uuid,
    name text NOT NULL CONSTRAINT market_name_check CHECK (length(name) BETWEEN 1 AND 200),
    -- What there is of it, whoever serves it: a market share is the business's part of that.
    customer_estimate bigint CONSTRAINT market_customers_check CHECK (customer_estimate >= 0),
    yearly_amount numeric(18, 4) CONSTRAINT market_amount_check CHECK (yearly_amount >= 0),
    yearly_currency text CONSTRAINT market_currency_check CHECK (yearly_currency ~ '^[A-Z]{3}$'),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT market_money_check CHECK (num_nonnulls(yearly_amount, yearly_currency) <> 1),
    CONSTRAINT market_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.market (tenant_id, id)
);
CREATE UNIQUE INDEX market_name_key ON crm.market (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX market_created_idx ON crm.market (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX market_parent_idx ON crm.market (tenant_id, parent_id);
SELECT platform.protect('crm.market', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.department (
    tenant_id uuid NOT NULL CONSTRAINT department_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL CONSTRAINT department_name_check CHECK (length(name) BETWEEN 1 AND 200),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT department_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.department (tenant_id, id)
);
CREATE UNIQUE INDEX department_name_key ON crm.department (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX department_created_idx ON crm.department (tenant_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX department_parent_idx ON crm.department (tenant_id, parent_id);
SELECT platform.protect('crm.department', 'SELECT, INSERT, UPDATE');
