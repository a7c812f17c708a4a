-- What operators do with jobs; each in bounded pieces, which the caller asks for.

-- Cancels jobs: those that wait at once, into job.done; those that run are asked to stop. Says how many of each.
CREATE OR REPLACE FUNCTION job.cancel(tenants uuid[], ids uuid[], OUT cancelled bigint, OUT asked bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    waiting tid[];
    running tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    -- Locked first, so that each job is found in one state: waiting or running.
    SELECT array_agg(j.place) FILTER (WHERE NOT j.runs), array_agg(j.place) FILTER (WHERE j.runs) INTO waiting, running
    FROM (SELECT * FROM unnest(tenants, ids) AS o (tenant_id, id) ORDER BY tenant_id, id) o
    CROSS JOIN LATERAL (
        SELECT j.ctid AS place, j.state = 'running' AS runs FROM job.job j
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id LIMIT 1 FOR UPDATE
    ) j;
    WITH removed AS (
        DELETE FROM job.job j WHERE j.ctid = ANY (waiting)
        RETURNING j.*
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at, started_at, batch_id)
        SELECT tenant_id, id, queue, kind, version, 'cancelled', attempt, rescues, lease, unique_key, errors, created_at,
            run_at, started_at, batch_id
        FROM removed
    )
    SELECT count(*), array_agg(r.tenant_id) FILTER (WHERE r.batch_id IS NOT NULL),
        array_agg(r.batch_id) FILTER (WHERE r.batch_id IS NOT NULL)
    INTO cancelled, batch_tenants, batches
    FROM removed r;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('cancelled'::text, ARRAY[cardinality(batches)]));
    END IF;
    WITH flagged AS (
        UPDATE job.job j SET cancel_requested_at = coalesce(j.cancel_requested_at, now()) WHERE j.ctid = ANY (running)
        RETURNING j.id
    )
    SELECT count(*) INTO asked FROM flagged;
END
$$;

-- Puts dead jobs back into the queue with all their attempts before them; the lease goes on, so that no old run can finish a new one.
-- Those with the same key become one, the one that died last, or one with the twin that waits; the others are archived as merged. A job
-- whose id is in use again stays dead. Says how many were taken up.
CREATE OR REPLACE FUNCTION job.retry(tenants uuid[], ids uuid[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    revived bigint;
    places tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    SELECT array_agg(d.place) INTO places
    FROM (SELECT * FROM unnest(tenants, ids) AS o (tenant_id, id) ORDER BY tenant_id, id) o
    CROSS JOIN LATERAL (
        SELECT d.ctid AS place FROM job.dead d
        WHERE d.tenant_id = o.tenant_id AND d.id = o.id
            AND NOT EXISTS (SELECT FROM job.job j WHERE j.tenant_id = o.tenant_id AND j.id = o.id)
        LIMIT 1 FOR UPDATE OF d
    ) d;
    WITH risen AS (
        DELETE FROM job.dead d WHERE d.ctid = ANY (places)
        RETURNING d.*
    ), ranked AS (
        SELECT r.*, row_number() OVER (PARTITION BY twins ORDER BY r.died_at DESC, r.id) AS place,
            min(r.priority) OVER (PARTITION BY twins) AS best
        FROM (SELECT r.*, (r.tenant_id, coalesce('k' || r.unique_key, 'i' || r.id)) AS twins FROM risen r) r
    ), waiting AS (
        INSERT INTO job.job AS w (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, rescues, lease,
            unique_key, parameters, errors, created_at, batch_id, cost)
        SELECT tenant_id, id, queue, kind, version, best, 'ready', now(), max_attempts, 0, lease, unique_key, parameters,
            errors, created_at, batch_id, cost
        FROM ranked WHERE place = 1 ORDER BY tenant_id, unique_key
        ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready')
        DO UPDATE SET run_at = least(w.run_at, excluded.run_at), state = 'ready', priority = least(w.priority, excluded.priority)
        RETURNING w.tenant_id, w.id
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at)
        SELECT r.tenant_id, r.id, r.queue, r.kind, r.version, 'merged', r.attempt, r.rescues, r.lease, r.unique_key, r.errors,
            r.created_at, r.run_at
        FROM risen r LEFT JOIN waiting w ON w.tenant_id = r.tenant_id AND w.id = r.id WHERE w.id IS NULL
    )
    SELECT count(*), array_agg(r.tenant_id) FILTER (WHERE r.batch_id IS NOT NULL),
        array_agg(r.batch_id) FILTER (WHERE r.batch_id IS NOT NULL)
    INTO revived, batch_tenants, batches
    FROM risen r;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('retried'::text, ARRAY[cardinality(batches)]));
    END IF;
    RETURN revived;
END
$$;

-- Deletes what the queue keeps of a tenant that goes, at most so many rows of each table; 0 when nothing is left.
CREATE OR REPLACE FUNCTION job.forget(forgotten uuid, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    deleted bigint := 0;
    here bigint;
    place text;
BEGIN
    -- Nothing of it is claimed any more.
    UPDATE job.tenant SET is_held = true WHERE tenant_id = forgotten;
    FOREACH place IN ARRAY ARRAY['gathered', 'job', 'done', 'dead', 'batch'] LOOP
        EXECUTE format('DELETE FROM job.%I WHERE tenant_id = $1 AND id IN (SELECT id FROM job.%I WHERE tenant_id = $1 LIMIT $2)',
            place, place) USING forgotten, most;
        GET DIAGNOSTICS here = ROW_COUNT;
        deleted := deleted + here;
    END LOOP;
    IF deleted = 0 THEN
        DELETE FROM job.schedule WHERE tenant_id = forgotten;
        DELETE FROM job.tenant_queue WHERE tenant_id = forgotten;
        DELETE FROM job.tenant WHERE tenant_id = forgotten;
    END IF;
    RETURN deleted;
END
$$;

REVOKE ALL ON FUNCTION job.cancel(uuid[], uuid[]), job.retry(uuid[], uuid[]), job.forget(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.cancel(uuid[], uuid[]), job.retry(uuid[], uuid[]) TO mehvar_queue;
GRANT EXECUTE ON FUNCTION job.forget(uuid, integer) TO mehvar_platform;
