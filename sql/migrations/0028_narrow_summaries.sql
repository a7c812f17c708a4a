-- What most rules ask of a customer stands in one narrow row, beside what orders and interactions come to: each living customer has one, and
-- who a rule describes is told by one index.
-- A row is written for each customer, and who writes orders or customers may have to wait, some twenty seconds for a million: a time for it
-- is chosen.

ALTER TABLE crm.customer_summary ADD COLUMN kind text, ADD COLUMN stage text, ADD COLUMN language text;
INSERT INTO crm.customer_summary (tenant_id, customer_id, kind, stage, language)
SELECT c.tenant_id, c.id, c.kind, c.stage, c.language FROM crm.customer c WHERE c.deleted_at IS NULL
ON CONFLICT (tenant_id, customer_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, language = excluded.language;
DELETE FROM crm.customer_summary WHERE kind IS NULL;
ALTER TABLE crm.customer_summary
    ALTER COLUMN kind SET NOT NULL, ALTER COLUMN stage SET NOT NULL,
    DROP CONSTRAINT customer_summary_pkey,
    ADD PRIMARY KEY (tenant_id, customer_id) INCLUDE (kind, stage, language, order_count, order_amount, last_ordered_on, interaction_count,
        tier, recency, frequency, money),
    -- An index tells of a row by itself once the page is known to be seen by all.
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
DROP INDEX crm.customer_segment_idx;

-- Collects statistics of tables of schema crm after a bulk change; only their owner could. A table that is being worked on is left out.
-- Of the columns that B-trees are made of, which say how large the table is and what an index finds: all columns take six times as long, and
-- are looked at by autovacuum.
CREATE OR REPLACE FUNCTION crm.analyse(tables text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    columns text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a
        WHERE a.attrelid = format('crm.%I', name)::regclass AND a.attnum > 0 AND EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = a.attrelid AND m.amname = 'btree' AND a.attnum = ANY (i.indkey));
        EXECUTE format('ANALYZE (SKIP_LOCKED) crm.%I (%s)', name, columns);
    END LOOP;
END
$$;
