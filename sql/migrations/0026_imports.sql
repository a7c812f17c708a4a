-- Files wait in the database, so that a job imports them in steps: it can be watched, stopped, and go on where it stopped.
-- Servers of before cannot import meanwhile: the count of what did not change goes, since it follows from the others.

ALTER TABLE crm.import ADD COLUMN state text NOT NULL DEFAULT 'done',
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}',
    -- What the columns of the file are called there.
    ADD COLUMN titles text[] NOT NULL DEFAULT '{}',
    ADD COLUMN rejected_count integer NOT NULL DEFAULT 0,
    -- Bytes of the file, and its chunks.
    ADD COLUMN size bigint NOT NULL DEFAULT 0,
    ADD COLUMN chunk_count integer NOT NULL DEFAULT 0,
    ADD COLUMN chunks_read integer NOT NULL DEFAULT 0,
    -- Where the next row begins: bytes of the text before it, its line, and whether a line feed there is the end of the line before.
    ADD COLUMN place bigint NOT NULL DEFAULT 0,
    ADD COLUMN line integer NOT NULL DEFAULT 1,
    ADD COLUMN is_behind_return boolean NOT NULL DEFAULT false,
    ADD COLUMN failure_code text,
    ADD COLUMN failure_detail text,
    ADD COLUMN actor_kind text NOT NULL DEFAULT 'cli',
    ADD COLUMN actor_id uuid,
    ADD COLUMN started_at timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT import_state_check CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    ADD CONSTRAINT import_failure_check CHECK ((state = 'failed') = (failure_code IS NOT NULL));
ALTER TABLE crm.import ALTER COLUMN row_count SET DEFAULT 0, ALTER COLUMN created_count SET DEFAULT 0,
    ALTER COLUMN updated_count SET DEFAULT 0, DROP COLUMN unchanged_count;
CREATE INDEX import_created_idx ON crm.import (tenant_id, kind, created_at, id);
CREATE INDEX import_ended_idx ON crm.import (tenant_id, ended_at) WHERE chunk_count > 0;
GRANT UPDATE ON crm.import TO mehvar_app;

-- A file may name whoever was made one with another customer.
CREATE INDEX customer_merged_reference_idx ON crm.customer (tenant_id, reference) WHERE merged_into_id IS NOT NULL;

-- The file's bytes. They go when nothing more is to be read, or a week after the import failed or was cancelled.
CREATE TABLE crm.import_chunk (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, number),
    CONSTRAINT import_chunk_import_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES crm.import (tenant_id, id)
);
-- Compressing costs more than the disk.
ALTER TABLE crm.import_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
SELECT platform.protect('crm.import_chunk', 'SELECT, INSERT, DELETE');

-- Rows that were wrong. They go a month after the import.
CREATE TABLE crm.import_reject (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_number integer NOT NULL,
    errors jsonb NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (tenant_id, import_id, row_number),
    CONSTRAINT import_reject_import_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES crm.import (tenant_id, id)
);
SELECT platform.protect('crm.import_reject', 'SELECT, INSERT, DELETE');
