-- What operators of the deployment do with its tenants, by a platform API with keys of its own.

ALTER TABLE platform.tenant
    ADD COLUMN suspended_at timestamptz,
    ADD COLUMN erase_after timestamptz,
    ADD CONSTRAINT tenant_erase_check CHECK ((state = 'deleting') = (erase_after IS NOT NULL));
CREATE INDEX tenant_created_idx ON platform.tenant (created_at, id);

CREATE TABLE platform.api_key (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT api_key_name_check CHECK (length(name) BETWEEN 1 AND 200),
    hash bytea NOT NULL CONSTRAINT api_key_hash_key UNIQUE,
    prefix text NOT NULL,
    scopes text[] NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- What was done to tenants, and by whom. It outlives them, and holds nothing of what they kept.
CREATE TABLE platform.event (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL CONSTRAINT event_actor_check CHECK (actor_kind IN ('key', 'cli', 'job')),
    actor_id uuid,
    address inet,
    request_id text,
    action text NOT NULL,
    object_id uuid NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX event_object_idx ON platform.event (object_id, id);

CREATE TABLE platform.idempotent_request (
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CONSTRAINT idempotent_request_key_check CHECK (length(key) BETWEEN 1 AND 255),
    digest bytea NOT NULL,
    object_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor_id, operation, key)
);
CREATE INDEX idempotent_request_created_idx ON platform.idempotent_request (created_at);

-- That everything of a tenant was erased: how many rows of which table, and that none was left.
CREATE TABLE platform.erasure (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- Rows that were erased, by table.
    erased jsonb NOT NULL DEFAULT '{}'
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['api_key', 'event', 'idempotent_request', 'erasure'] LOOP
        EXECUTE format('ALTER TABLE platform.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE platform.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY platform ON platform.%I TO mehvar_platform USING (true) WITH CHECK (true)', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON platform.api_key TO mehvar_platform;
GRANT SELECT, INSERT ON platform.event TO mehvar_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.idempotent_request TO mehvar_platform;
GRANT SELECT ON platform.erasure TO mehvar_platform;

-- Jobs of the deployment itself run as those of a tenant that nobody is.
ALTER TABLE job.tenant DROP CONSTRAINT tenant_tenant_fkey;
INSERT INTO job.tenant (tenant_id) VALUES ('00000000-0000-0000-0000-000000000000');
CREATE POLICY platform ON job.job TO mehvar_platform
    USING (tenant_id = '00000000-0000-0000-0000-000000000000') WITH CHECK (tenant_id = '00000000-0000-0000-0000-000000000000');
GRANT SELECT, INSERT ON job.job TO mehvar_platform;
GRANT UPDATE (priority, state, run_at, max_attempts, version, parameters, cost, deadline) ON job.job TO mehvar_platform;
