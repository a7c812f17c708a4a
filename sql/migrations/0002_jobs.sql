-- The job queue. Jobs are rows; those of all tenants stand in the same tables, so that enqueueing commits with the data. The worker
-- claims and finishes as mehvar_queue, across tenants; the application enqueues as mehvar_app, for its own tenant.

CREATE SCHEMA job;
GRANT USAGE ON SCHEMA job TO mehvar_app, mehvar_queue, mehvar_platform;

-- The tenants that the worker looks at. Made together with the tenant: jobs of a tenant without a row here are not seen.
CREATE TABLE job.tenant (
    tenant_id uuid PRIMARY KEY CONSTRAINT tenant_tenant_fkey REFERENCES platform.tenant (id),
    -- The share of a worker's slots that the tenant gets, beside the other tenants with ready work.
    weight smallint NOT NULL DEFAULT 1 CONSTRAINT tenant_weight_check CHECK (weight BETWEEN 1 AND 100),
    -- Nothing of the tenant is claimed while this is set.
    is_held boolean NOT NULL DEFAULT false
);
ALTER TABLE job.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE job.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY queue ON job.tenant TO mehvar_queue USING (true) WITH CHECK (true);
CREATE POLICY platform ON job.tenant TO mehvar_platform USING (true) WITH CHECK (true);
GRANT SELECT ON job.tenant TO mehvar_queue;
GRANT SELECT, INSERT, UPDATE ON job.tenant TO mehvar_platform;

-- Worker processes that are alive, or were until a moment ago. A running job whose worker has no row here is rescued.
CREATE TABLE job.worker (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    -- From here on the worker counts as dead, and others may remove its row.
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON job.worker TO mehvar_queue;

-- Jobs that wait or run.
CREATE TABLE job.job (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL CONSTRAINT job_queue_check CHECK (length(queue) BETWEEN 1 AND 100),
    kind text NOT NULL CONSTRAINT job_kind_check CHECK (length(kind) BETWEEN 1 AND 100),
    -- The form of the parameters.
    version integer NOT NULL DEFAULT 1,
    -- Smaller runs first.
    priority smallint NOT NULL DEFAULT 0,
    -- scheduled until run_at, then ready.
    state text NOT NULL CONSTRAINT job_state_check CHECK (state IN ('scheduled', 'ready', 'running')),
    run_at timestamptz NOT NULL DEFAULT now(),
    -- Runs that were started, less those that are not charged.
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 20 CONSTRAINT job_max_attempts_check CHECK (max_attempts > 0),
    -- Runs whose worker died.
    rescues integer NOT NULL DEFAULT 0,
    -- Grows with every run and never resets: who finishes a run names its lease.
    lease bigint NOT NULL DEFAULT 0,
    worker_id uuid,
    -- At most one job with this key waits and at most one runs.
    unique_key text CONSTRAINT job_unique_key_check CHECK (length(unique_key) BETWEEN 1 AND 500),
    parameters jsonb NOT NULL DEFAULT '{}',
    -- One object for each failed attempt: attempt, at, error.
    errors jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT job_running_check CHECK ((state = 'running') = (worker_id IS NOT NULL))
) WITH (
    -- Each job is written two or three times and then deleted: vacuum often and without pauses.
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.1, autovacuum_analyze_threshold = 5000
);
CREATE UNIQUE INDEX job_waiting_key ON job.job (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready');
CREATE UNIQUE INDEX job_running_key ON job.job (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state = 'running';
CREATE INDEX job_ready_idx ON job.job (tenant_id, queue, priority, run_at, id) WHERE state = 'ready';
CREATE INDEX job_scheduled_idx ON job.job (tenant_id, run_at) WHERE state = 'scheduled';
CREATE INDEX job_running_idx ON job.job (worker_id) WHERE state = 'running';
SELECT platform.protect('job.job', 'SELECT, INSERT');
CREATE POLICY queue ON job.job TO mehvar_queue USING (true) WITH CHECK (true);
-- What merging into a waiting job writes.
GRANT UPDATE (priority, state, run_at, max_attempts, version, parameters) ON job.job TO mehvar_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON job.job TO mehvar_queue;

-- Jobs that ended well, one row each, in a partition per day (UTC); kept for some days. There is no default partition: dropping is how
-- rows go, and rows in a default partition would stand in the way of new ones.
CREATE TABLE job.done (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    -- completed, or merged into the waiting job with the same unique key instead of being retried.
    outcome text NOT NULL CONSTRAINT done_outcome_check CHECK (outcome IN ('completed', 'merged')),
    attempt integer NOT NULL,
    rescues integer NOT NULL,
    lease bigint NOT NULL,
    unique_key text,
    errors jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id, finished_at)
) PARTITION BY RANGE (finished_at);
ALTER TABLE job.done ENABLE ROW LEVEL SECURITY;
ALTER TABLE job.done FORCE ROW LEVEL SECURITY;
CREATE POLICY queue ON job.done TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON job.done TO mehvar_queue;

-- Jobs that were given up, with the error of each attempt, until somebody decides.
CREATE TABLE job.dead (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    priority smallint NOT NULL,
    -- permanent: the handler said so. attempts: none was left. rescues: its workers died. unwritable: its outcome could not be stored.
    reason text NOT NULL CONSTRAINT dead_reason_check CHECK (reason IN ('permanent', 'attempts', 'rescues', 'unwritable')),
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    rescues integer NOT NULL,
    lease bigint NOT NULL,
    unique_key text,
    parameters jsonb NOT NULL,
    errors jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    run_at timestamptz NOT NULL,
    died_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE job.dead ENABLE ROW LEVEL SECURITY;
ALTER TABLE job.dead FORCE ROW LEVEL SECURITY;
CREATE POLICY queue ON job.dead TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON job.dead TO mehvar_queue;

-- Makes the partitions of job.done for today and the next days and drops those older than days_kept. Never waits long for a lock, so
-- that nobody queues up behind it: what it could not lock is put off to the next call. One call at a time works; others do nothing.
CREATE FUNCTION job.maintain_partitions(days_ahead integer, days_kept integer, OUT made integer, OUT dropped integer, OUT put_off integer)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '100ms'
SET "TimeZone" = 'UTC'
AS $$
DECLARE
    day date;
    partition text;
BEGIN
    made := 0;
    dropped := 0;
    put_off := 0;
    IF NOT pg_try_advisory_xact_lock(hashtext('job.maintain_partitions')) THEN
        RETURN;
    END IF;
    FOR day IN SELECT d::date FROM generate_series(current_date::timestamp, (current_date + days_ahead)::timestamp, interval '1 day') AS d LOOP
        partition := 'done_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('job.' || partition) IS NOT NULL;
        BEGIN
            -- Attaching locks out neither readers nor writers of job.done; creating a partition in place would.
            EXECUTE format('CREATE TABLE job.%I (LIKE job.done INCLUDING ALL)', partition);
            EXECUTE format('ALTER TABLE job.%I ENABLE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE job.%I FORCE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE job.done ATTACH PARTITION job.%I FOR VALUES FROM (%L) TO (%L)',
                partition, day::timestamptz, (day + 1)::timestamptz);
            made := made + 1;
        EXCEPTION WHEN lock_not_available THEN
            put_off := put_off + 1;
        END;
    END LOOP;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'job.done'::regclass AND c.relname < 'done_' || to_char(current_date - days_kept, 'YYYYMMDD')
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE job.%I', partition);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            put_off := put_off + 1;
        END;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION job.maintain_partitions(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.maintain_partitions(integer, integer) TO mehvar_queue;

SELECT job.maintain_partitions(7, 7);
