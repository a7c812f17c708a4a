-- What the queue's first use showed to be missing: costs and deadlines of schedules, checks where they can still be mended, leases that
-- never repeat. Servers of the version before go on beside it.

-- Unset for what the rate gives in a twentieth of a second, and 1 at least.
ALTER TABLE job.tenant_queue ALTER COLUMN burst DROP NOT NULL, ALTER COLUMN burst DROP DEFAULT;

-- queue, kind, version, priority, max_attempts, cost (1 when it is missing), deadline (seconds since 1970, or none), parameters. What
-- job.job would refuse when the batch ends is refused when it is opened.
ALTER TABLE job.batch ADD CONSTRAINT batch_finally_check CHECK (finally IS NULL OR coalesce(
    length(finally ->> 'queue') BETWEEN 1 AND 100 AND length(finally ->> 'kind') BETWEEN 1 AND 100
    AND (finally ->> 'version')::integer IS NOT NULL AND (finally ->> 'priority')::smallint IS NOT NULL
    AND (finally ->> 'max_attempts')::integer > 0 AND coalesce((finally ->> 'cost')::integer, 1) BETWEEN 0 AND 1000000
    AND finally ? 'parameters', false));
CREATE INDEX batch_ended_idx ON job.batch (tenant_id, ended_at) WHERE ended_at IS NOT NULL AND failed = 0;

ALTER TABLE job.schedule
    ADD COLUMN cost integer NOT NULL DEFAULT 1 CONSTRAINT schedule_cost_check CHECK (cost BETWEEN 0 AND 1000000),
    -- How long after its fire the job may be started; unset for ever.
    ADD COLUMN start_within interval CONSTRAINT schedule_start_within_check CHECK (start_within > interval '0'),
    ADD CONSTRAINT schedule_queue_check CHECK (length(queue) BETWEEN 1 AND 100),
    ADD CONSTRAINT schedule_kind_check CHECK (length(kind) BETWEEN 1 AND 100),
    ADD CONSTRAINT schedule_max_attempts_check CHECK (max_attempts > 0),
    ADD CONSTRAINT schedule_unique_key_check CHECK (length(unique_key) BETWEEN 1 AND 500);

-- Begins with the moment, in microseconds, so that a job with the id of one that has ended never runs under a lease of that one.
ALTER TABLE job.job ALTER COLUMN lease SET DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;

GRANT UPDATE ON job.dead TO mehvar_queue;

-- Its parameter has another name by now, which CREATE OR REPLACE does not allow; the routines make it anew.
DROP FUNCTION IF EXISTS job.forget(uuid, integer);
