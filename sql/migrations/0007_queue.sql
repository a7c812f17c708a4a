-- The rest of the job queue: caps and rates, pauses, costs, deadlines, cancellation, batches and schedules. The functions that claim and
-- finish are in sql/routines/job_*.sql.

-- Most jobs of the tenant that run at once, over all workers; unset for no limit but the workers' own.
ALTER TABLE job.tenant ADD COLUMN max_running integer CONSTRAINT tenant_max_running_check CHECK (max_running > 0);
GRANT UPDATE (weight, is_held, max_running) ON job.tenant TO mehvar_queue;

-- Queues that are paused for all tenants.
CREATE TABLE job.paused_queue (
    queue text PRIMARY KEY CONSTRAINT paused_queue_check CHECK (length(queue) BETWEEN 1 AND 100),
    paused_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, DELETE ON job.paused_queue TO mehvar_queue;

-- What is set for one queue of one tenant. A resource that is limited, such as the mails that a tenant may send, is a queue of its own:
-- a tenant without tokens is left out before anything is claimed, and its other queues go on.
CREATE TABLE job.tenant_queue (
    tenant_id uuid NOT NULL CONSTRAINT tenant_queue_tenant_fkey REFERENCES job.tenant (tenant_id),
    queue text NOT NULL CONSTRAINT tenant_queue_queue_check CHECK (length(queue) BETWEEN 1 AND 100),
    is_paused boolean NOT NULL DEFAULT false,
    -- A token bucket: jobs whose costs add up to `rate` start per second, after a rest up to `burst` at once. Unset for no limit.
    rate double precision CONSTRAINT tenant_queue_rate_check CHECK (rate > 0),
    burst double precision NOT NULL DEFAULT 1 CONSTRAINT tenant_queue_burst_check CHECK (burst >= 1),
    tokens double precision NOT NULL DEFAULT 0,
    refilled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, queue)
) WITH (fillfactor = 50);
ALTER TABLE job.tenant_queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE job.tenant_queue FORCE ROW LEVEL SECURITY;
CREATE POLICY queue ON job.tenant_queue TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON job.tenant_queue TO mehvar_queue;

-- Jobs that belong together. `finally` is the job that runs once when all of them have ended, well or not.
CREATE TABLE job.batch (
    tenant_id uuid NOT NULL CONSTRAINT batch_tenant_fkey REFERENCES job.tenant (tenant_id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT batch_name_check CHECK (length(name) BETWEEN 1 AND 200),
    -- More jobs may come; only a closed batch ends.
    is_open boolean NOT NULL DEFAULT true,
    total bigint NOT NULL DEFAULT 0,
    done bigint NOT NULL DEFAULT 0,
    -- Dead-lettered; a retry takes them out again.
    failed bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    -- id, queue, kind, version, priority, max_attempts, parameters.
    finally jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 50);
SELECT platform.protect('job.batch', 'SELECT, INSERT');
GRANT UPDATE (is_open, total, ended_at, done, failed, cancelled) ON job.batch TO mehvar_app;
CREATE POLICY queue ON job.batch TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE, DELETE ON job.batch TO mehvar_queue;

-- Jobs that are enqueued by the clock.
CREATE TABLE job.schedule (
    tenant_id uuid NOT NULL CONSTRAINT schedule_tenant_fkey REFERENCES job.tenant (tenant_id),
    name text NOT NULL CONSTRAINT schedule_name_check CHECK (length(name) BETWEEN 1 AND 200),
    -- Five fields as of cron, on the wall clock of the time zone.
    cron text NOT NULL CONSTRAINT schedule_cron_check CHECK (length(cron) BETWEEN 1 AND 200),
    time_zone text NOT NULL CONSTRAINT schedule_time_zone_check CHECK (length(time_zone) BETWEEN 1 AND 100),
    is_paused boolean NOT NULL DEFAULT false,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    unique_key text,
    parameters jsonb NOT NULL,
    -- The next fire; whoever moves it on enqueues the job. −infinity until a scheduler has worked it out.
    next_at timestamptz NOT NULL DEFAULT '-infinity',
    fired_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX schedule_next_idx ON job.schedule (next_at) WHERE NOT is_paused;
SELECT platform.protect('job.schedule', 'SELECT, INSERT, UPDATE, DELETE');
CREATE POLICY queue ON job.schedule TO mehvar_queue USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON job.schedule TO mehvar_queue;

ALTER TABLE job.job
    -- Tokens that a start takes from its queue's bucket.
    ADD COLUMN cost integer NOT NULL DEFAULT 1 CONSTRAINT job_cost_check CHECK (cost BETWEEN 0 AND 1000000),
    -- Not started after this moment.
    ADD COLUMN deadline timestamptz,
    ADD COLUMN batch_id uuid,
    -- Somebody wants the running job to stop.
    ADD COLUMN cancel_requested_at timestamptz,
    ADD CONSTRAINT job_batch_key_check CHECK (batch_id IS NULL OR unique_key IS NULL);
GRANT UPDATE (cost, deadline) ON job.job TO mehvar_app;
GRANT INSERT ON job.job TO mehvar_queue;
-- By tenant, to count what a capped one runs.
CREATE INDEX job_running_tenant_idx ON job.job (tenant_id, worker_id) WHERE state = 'running';
DROP INDEX job.job_running_idx;
CREATE INDEX job_batch_idx ON job.job (tenant_id, batch_id) WHERE batch_id IS NOT NULL;

ALTER TABLE job.done ADD COLUMN batch_id uuid;
ALTER TABLE job.done DROP CONSTRAINT done_outcome_check;
-- cancelled: on somebody's request, before or while it ran.
ALTER TABLE job.done ADD CONSTRAINT done_outcome_check CHECK (outcome IN ('completed', 'merged', 'cancelled'));

ALTER TABLE job.dead ADD COLUMN batch_id uuid, ADD COLUMN cost integer NOT NULL DEFAULT 1, ADD COLUMN deadline timestamptz;
ALTER TABLE job.dead DROP CONSTRAINT dead_reason_check;
-- deadline: it could not be started in time.
ALTER TABLE job.dead ADD CONSTRAINT dead_reason_check
    CHECK (reason IN ('permanent', 'attempts', 'rescues', 'unwritable', 'deadline'));
CREATE INDEX dead_died_at_idx ON job.dead (tenant_id, died_at);
GRANT DELETE ON job.dead TO mehvar_queue;
