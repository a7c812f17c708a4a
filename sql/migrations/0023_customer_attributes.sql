-- Which attributes of its own the business keeps of customers, and what they may be. Without any it keeps what it likes.

CREATE TABLE crm.customer_attribute (
    tenant_id uuid NOT NULL CONSTRAINT customer_attribute_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    -- The member of the customer's attributes.
    name text NOT NULL CONSTRAINT customer_attribute_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,49}$'),
    label text CONSTRAINT customer_attribute_label_check CHECK (length(label) BETWEEN 1 AND 200),
    type text NOT NULL CONSTRAINT customer_attribute_type_check CHECK (type IN ('text', 'number', 'boolean', 'day', 'choice')),
    choices text[] NOT NULL DEFAULT '{}',
    is_required boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX customer_attribute_name_key ON crm.customer_attribute (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX customer_attribute_created_idx ON crm.customer_attribute (tenant_id, created_at, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.customer_attribute', 'SELECT, INSERT, UPDATE');
