-- Customers who turn out to be one are made one, which can be undone for a while; and pairs that may be one wait for somebody to say.

ALTER TABLE crm.customer ADD COLUMN merged_into_id uuid;
ALTER TABLE crm.customer ADD CONSTRAINT customer_merged_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES crm.customer (tenant_id, id);
CREATE INDEX customer_merged_idx ON crm.customer (tenant_id, merged_into_id) WHERE merged_into_id IS NOT NULL;

-- What was removed, or was never sent, moves too; the indexes of a customer's rows leave it out.
CREATE INDEX customer_order_removed_idx ON crm.customer_order (tenant_id, customer_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX interaction_removed_idx ON crm.interaction (tenant_id, customer_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX invitation_excluded_idx ON crm.invitation (tenant_id, recipient_id) WHERE state = 'excluded';

CREATE TABLE crm.merge (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Who stays, and who was found to be the same.
    survivor_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    -- What clients decide of the survivor, before and after; gone when either is forgotten.
    before_values jsonb,
    after_values jsonb,
    actor_kind text NOT NULL,
    actor_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT merge_survivor_fkey FOREIGN KEY (tenant_id, survivor_id) REFERENCES crm.customer (tenant_id, id),
    CONSTRAINT merge_merged_fkey FOREIGN KEY (tenant_id, merged_id) REFERENCES crm.customer (tenant_id, id)
);
CREATE INDEX merge_created_idx ON crm.merge (tenant_id, created_at, id);
CREATE INDEX merge_survivor_idx ON crm.merge (tenant_id, survivor_id, created_at, id);
CREATE INDEX merge_merged_idx ON crm.merge (tenant_id, merged_id, created_at, id);
SELECT platform.protect('crm.merge', 'SELECT, INSERT, UPDATE');

-- The rows that became the survivor's, so that they can be given back.
CREATE TABLE crm.merge_row (
    tenant_id uuid NOT NULL,
    merge_id uuid NOT NULL,
    kind text NOT NULL,
    row_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, merge_id, kind, row_id),
    CONSTRAINT merge_row_merge_fkey FOREIGN KEY (tenant_id, merge_id) REFERENCES crm.merge (tenant_id, id)
);
SELECT platform.protect('crm.merge_row', 'SELECT');
