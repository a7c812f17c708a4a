-- Customers, how to reach them, what they bought, and the imports that brought them.

-- One upload of customers or orders, all or nothing.
CREATE TABLE crm.import (
    tenant_id uuid NOT NULL CONSTRAINT import_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT import_kind_check CHECK (kind IN ('customers', 'orders')),
    -- SHA-256 of the bytes, so that the same file of orders without references cannot double them.
    digest bytea NOT NULL,
    has_references boolean NOT NULL,
    row_count integer NOT NULL,
    created_count integer NOT NULL,
    updated_count integer NOT NULL,
    unchanged_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX import_digest_key ON crm.import (tenant_id, kind, digest) WHERE NOT has_references;
SELECT platform.protect('crm.import', 'SELECT, INSERT');

CREATE TABLE crm.customer (
    tenant_id uuid NOT NULL CONSTRAINT customer_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    kind text NOT NULL DEFAULT 'person' CONSTRAINT customer_kind_check CHECK (kind IN ('person', 'organisation')),
    stage text NOT NULL DEFAULT 'potential' CONSTRAINT customer_stage_check CHECK (stage IN ('potential', 'actual', 'lost')),
    stage_changed_at timestamptz NOT NULL DEFAULT now(),
    -- The customer's number in the system that the tenant keeps them in.
    reference text CONSTRAINT customer_reference_check CHECK (length(reference) BETWEEN 1 AND 100),
    name text NOT NULL CONSTRAINT customer_name_check CHECK (length(name) BETWEEN 1 AND 200),
    search_name text NOT NULL GENERATED ALWAYS AS (crm.normalise(name)) STORED,
    language text NOT NULL DEFAULT 'fa' CONSTRAINT customer_language_check CHECK (language ~ '^[a-z]{2,3}$'),
    time_zone text,
    attributes jsonb NOT NULL DEFAULT '{}' CONSTRAINT customer_attributes_check CHECK (jsonb_typeof(attributes) = 'object'),
    import_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX customer_reference_key ON crm.customer (tenant_id, reference) WHERE deleted_at IS NULL;
CREATE INDEX customer_created_idx ON crm.customer (tenant_id, created_at, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.customer', 'SELECT, INSERT, UPDATE');

-- How to reach a customer or a member. A recipient is not necessarily a customer.
CREATE TABLE crm.contact_point (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    member_id uuid,
    channel text NOT NULL CONSTRAINT contact_point_channel_check CHECK (channel IN ('email', 'phone', 'sms', 'whatsapp', 'postal')),
    address text NOT NULL CONSTRAINT contact_point_address_check CHECK (length(address) BETWEEN 1 AND 500),
    address_key text NOT NULL GENERATED ALWAYS AS (crm.address_key(channel, address)) STORED,
    is_primary boolean NOT NULL DEFAULT false,
    verified_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT contact_point_owner_check CHECK (num_nonnulls(customer_id, member_id) = 1),
    CONSTRAINT contact_point_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id),
    CONSTRAINT contact_point_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id)
);
CREATE UNIQUE INDEX contact_point_customer_key ON crm.contact_point (tenant_id, customer_id, channel, address_key)
    WHERE deleted_at IS NULL AND customer_id IS NOT NULL;
CREATE UNIQUE INDEX contact_point_member_key ON crm.contact_point (tenant_id, member_id, channel, address_key)
    WHERE deleted_at IS NULL AND member_id IS NOT NULL;
CREATE UNIQUE INDEX contact_point_primary_key ON crm.contact_point (tenant_id, customer_id, channel)
    WHERE deleted_at IS NULL AND is_primary AND customer_id IS NOT NULL;
CREATE INDEX contact_point_address_idx ON crm.contact_point (tenant_id, channel, address_key) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.contact_point', 'SELECT, INSERT, UPDATE');

-- Whether a customer agreed to be written to on a channel; the latest word counts.
CREATE TABLE crm.consent (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    channel text NOT NULL CONSTRAINT consent_channel_check CHECK (channel IN ('email', 'phone', 'sms', 'whatsapp', 'postal')),
    is_granted boolean NOT NULL,
    source text NOT NULL CONSTRAINT consent_source_check CHECK (source IN ('import', 'api', 'unsubscribe')),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, customer_id, channel),
    CONSTRAINT consent_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
SELECT platform.protect('crm.consent', 'SELECT, INSERT, UPDATE');

-- Addresses that must not be written to.
CREATE TABLE crm.suppression (
    tenant_id uuid NOT NULL CONSTRAINT suppression_tenant_fkey REFERENCES platform.tenant (id),
    channel text NOT NULL,
    address_key text NOT NULL,
    reason text NOT NULL CONSTRAINT suppression_reason_check CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'manual')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, channel, address_key)
);
SELECT platform.protect('crm.suppression', 'SELECT, INSERT, DELETE');

-- A purchase. "order" is a word of SQL's own, hence the longer name.
CREATE TABLE crm.customer_order (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    reference text CONSTRAINT customer_order_reference_check CHECK (length(reference) BETWEEN 1 AND 100),
    ordered_on date NOT NULL,
    quantity integer NOT NULL DEFAULT 1 CONSTRAINT customer_order_quantity_check CHECK (quantity > 0),
    amount numeric(18, 4) NOT NULL,
    currency text NOT NULL CONSTRAINT customer_order_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    import_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT customer_order_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE UNIQUE INDEX customer_order_reference_key ON crm.customer_order (tenant_id, reference) WHERE deleted_at IS NULL;
CREATE INDEX customer_order_customer_idx ON crm.customer_order (tenant_id, customer_id, ordered_on) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.customer_order', 'SELECT, INSERT, UPDATE');
