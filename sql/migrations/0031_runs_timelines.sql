-- Merges know the run that made them, so that a merge of many pairs can be undone as a whole; and timelines show what came back of orders,
-- and invitations. Who writes orders and invitations waits while two indexes are made, some ten seconds for ten million: a time for it is
-- chosen.

ALTER TABLE crm.merge ADD COLUMN run_id uuid,
    ADD CONSTRAINT merge_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES crm.duplicate_run (tenant_id, id);
CREATE INDEX merge_run_idx ON crm.merge (tenant_id, run_id, created_at, id) WHERE run_id IS NOT NULL;

ALTER TABLE crm.duplicate_run
    -- Of an undoing, the run whose merges it undoes.
    ADD COLUMN undone_run_id uuid,
    ADD COLUMN undone integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT duplicate_run_undone_fkey FOREIGN KEY (tenant_id, undone_run_id) REFERENCES crm.duplicate_run (tenant_id, id),
    DROP CONSTRAINT duplicate_run_kind_check,
    ADD CONSTRAINT duplicate_run_kind_check CHECK (kind IN ('scan', 'bulk_merge', 'undo'));
-- One undoing of a run at a time.
CREATE UNIQUE INDEX duplicate_run_undo_key ON crm.duplicate_run (tenant_id, undone_run_id) WHERE kind = 'undo' AND finished_at IS NULL;

-- The few of a customer's orders of which something came back.
CREATE INDEX customer_order_returned_idx ON crm.customer_order (tenant_id, customer_id) WHERE returned_amount > 0 AND deleted_at IS NULL;
CREATE INDEX invitation_timeline_idx ON crm.invitation (tenant_id, customer_id, sent_at, id) WHERE sent_at IS NOT NULL;
