-- What becomes of runs. Each names its lease: a run that is not the present one changes nothing. Each function gives the number of jobs
-- that it moved. A job that runs is told by its worker: its state would lead the planner to the index of all running jobs, away from the
-- primary key.

-- Moves jobs that ran to job.done; outcomes are completed and cancelled. Each is found where its claim left it; one without a place, or
-- that was written since, is looked up by its key.
CREATE OR REPLACE FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[], places tid[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    moved bigint := 0;
    found_now bigint;
    batch_tenants uuid[];
    batches uuid[];
    batch_outcomes text[];
    tenants_now uuid[];
    batches_now uuid[];
    outcomes_now text[];
BEGIN
    FOR pass IN 1..2 LOOP
        IF pass = 2 OR places IS NULL THEN
            SELECT array_agg(l.tenant_id), array_agg(l.id), array_agg(l.lease), array_agg(l.outcome), array_agg(l.place)
            INTO tenants, ids, leases, outcomes, places
            FROM (
                SELECT j.tenant_id, j.id, j.lease, o.outcome, j.ctid AS place
                FROM unnest(tenants, ids, leases, outcomes) AS o (tenant_id, id, lease, outcome)
                JOIN job.job j ON j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL
                FOR UPDATE OF j
            ) l;
            EXIT WHEN ids IS NULL;
        END IF;
        WITH finished AS (
            DELETE FROM job.job j
            USING unnest(tenants, ids, leases, outcomes, places) AS o (tenant_id, id, lease, outcome, place)
            WHERE j.ctid = o.place AND j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease
                AND j.worker_id IS NOT NULL
            RETURNING j.tenant_id, j.id, j.queue, j.kind, j.version, o.outcome, j.attempt, j.rescues, j.lease, j.unique_key,
                j.errors, j.created_at, j.run_at, j.started_at, j.batch_id
        ), archived AS (
            INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
                created_at, run_at, started_at, batch_id)
            SELECT tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors, created_at,
                run_at, started_at, batch_id
            FROM finished
        )
        SELECT count(*), array_agg(f.tenant_id) FILTER (WHERE f.batch_id IS NOT NULL),
            array_agg(f.batch_id) FILTER (WHERE f.batch_id IS NOT NULL),
            array_agg(f.outcome) FILTER (WHERE f.batch_id IS NOT NULL)
        INTO found_now, tenants_now, batches_now, outcomes_now
        FROM finished f;
        moved := moved + found_now;
        batch_tenants := batch_tenants || tenants_now;
        batches := batches || batches_now;
        batch_outcomes := batch_outcomes || outcomes_now;
        EXIT WHEN moved = cardinality(ids);
    END LOOP;
    -- Once, so that the rows of batches are locked in one order.
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, batch_outcomes);
    END IF;
    RETURN moved;
END
$$;

-- Puts jobs back into the queue: ready at their old time, or scheduled. One that somebody wants to stop is cancelled instead. One whose
-- twin waits is archived as merged, and the twin takes over its time and priority; the twin cannot be claimed meanwhile, since the job
-- runs. A twin that is enqueued at the same moment, not yet visible here, makes the call fail on job_waiting_key; a second try sees it.
CREATE OR REPLACE FUNCTION job.give_back(tenants uuid[], ids uuid[], leases bigint[], states text[], run_ats timestamptz[],
    refunds integer[], rescued integer[], failures jsonb[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
    stopped_tenants uuid[];
    stopped_ids uuid[];
    stopped_leases bigint[];
BEGIN
    -- Locked first, so that a request to stop either stands here already or finds the job waiting again.
    SELECT array_agg(l.tenant_id) FILTER (WHERE l.is_stopped), array_agg(l.id) FILTER (WHERE l.is_stopped),
        array_agg(l.lease) FILTER (WHERE l.is_stopped)
    INTO stopped_tenants, stopped_ids, stopped_leases
    FROM (
        SELECT j.tenant_id, j.id, j.lease, j.cancel_requested_at IS NOT NULL AS is_stopped
        FROM unnest(tenants, ids, leases) AS o (tenant_id, id, lease)
        JOIN job.job j ON j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL
        ORDER BY j.tenant_id, j.id FOR NO KEY UPDATE OF j
    ) l;

    WITH o AS MATERIALIZED (
        SELECT * FROM unnest(tenants, ids, leases, states, run_ats, refunds, rescued, failures)
            AS o (tenant_id, id, lease, state, run_at, refund, rescued, failures)
        WHERE NOT EXISTS (
            SELECT FROM unnest(stopped_tenants, stopped_ids) AS s (tenant_id, id)
            WHERE s.tenant_id = o.tenant_id AND s.id = o.id)
    ), twin AS (
        UPDATE job.job w
        SET run_at = least(w.run_at, coalesce(o.run_at, j.run_at)), priority = least(w.priority, j.priority),
            state = CASE WHEN w.state = 'ready' THEN w.state ELSE o.state END
        FROM o JOIN job.job j ON j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL
        WHERE w.tenant_id = o.tenant_id AND w.tenant_id = j.tenant_id AND w.unique_key = j.unique_key
            AND w.state IN ('scheduled', 'ready')
        RETURNING j.tenant_id, j.id
    ), merged AS (
        DELETE FROM job.job j USING o, twin
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL
            AND twin.tenant_id = j.tenant_id AND twin.id = j.id
        RETURNING j.*, o.rescued, o.failures
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at, started_at)
        SELECT tenant_id, id, queue, kind, version, 'merged', attempt, rescues + rescued, lease, unique_key,
            errors || failures, created_at, run_at, started_at
        FROM merged
        RETURNING id
    ), returned AS (
        UPDATE job.job j
        SET state = o.state, run_at = coalesce(o.run_at, j.run_at), attempt = j.attempt - o.refund,
            rescues = j.rescues + o.rescued, worker_id = NULL, started_at = NULL, errors = j.errors || o.failures
        FROM o
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM twin WHERE twin.tenant_id = j.tenant_id AND twin.id = j.id)
        RETURNING j.id
    )
    SELECT (SELECT count(*) FROM archived) + (SELECT count(*) FROM returned) INTO moved;
    IF stopped_ids IS NOT NULL THEN
        moved := moved + job.archive(stopped_tenants, stopped_ids, stopped_leases,
            array_fill('cancelled'::text, ARRAY[cardinality(stopped_ids)]), NULL);
    END IF;
    RETURN moved;
END
$$;

-- Moves jobs to job.dead.
CREATE OR REPLACE FUNCTION job.bury(tenants uuid[], ids uuid[], leases bigint[], reasons text[], rescued integer[], failures jsonb[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    WITH buried AS (
        DELETE FROM job.job j
        USING unnest(tenants, ids, leases, reasons, rescued, failures) AS o (tenant_id, id, lease, reason, rescued, failures)
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL
        RETURNING j.*, o.reason, o.rescued, o.failures
    ), written AS (
        INSERT INTO job.dead AS kept (tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues, lease,
            unique_key, parameters, errors, created_at, run_at, batch_id, cost, deadline)
        SELECT tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues + rescued, lease,
            unique_key, parameters, errors || failures, created_at, run_at, batch_id, cost, deadline
        FROM buried
        -- An earlier job with the same id died too: the later one takes its place.
        ON CONFLICT (tenant_id, id) DO UPDATE SET queue = excluded.queue, kind = excluded.kind, version = excluded.version,
            priority = excluded.priority, reason = excluded.reason, attempt = excluded.attempt,
            max_attempts = excluded.max_attempts, rescues = excluded.rescues, lease = excluded.lease,
            unique_key = excluded.unique_key, parameters = excluded.parameters, errors = kept.errors || excluded.errors,
            created_at = excluded.created_at, run_at = excluded.run_at, died_at = excluded.died_at,
            batch_id = excluded.batch_id, cost = excluded.cost, deadline = excluded.deadline
    )
    SELECT count(*), array_agg(b.tenant_id) FILTER (WHERE b.batch_id IS NOT NULL),
        array_agg(b.batch_id) FILTER (WHERE b.batch_id IS NOT NULL)
    INTO moved, batch_tenants, batches
    FROM buried b;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('dead'::text, ARRAY[cardinality(batches)]));
    END IF;
    RETURN moved;
END
$$;

-- Completes the run of a job of the transaction's tenant in that transaction, so that its effects and its end are one. Raises when the
-- run is not the present one, which undoes the effects.
CREATE OR REPLACE FUNCTION job.complete(job_id uuid, job_lease bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    IF job.archive(ARRAY[current_setting('mehvar.tenant_id')::uuid], ARRAY[job_id], ARRAY[job_lease], ARRAY['completed'],
        NULL) <> 1
    THEN
        RAISE EXCEPTION 'the job does not run under this lease any more' USING ERRCODE = 'JQ001';
    END IF;
END
$$;

REVOKE ALL ON FUNCTION job.archive(uuid[], uuid[], bigint[], text[], tid[]), job.complete(uuid, bigint),
    job.give_back(uuid[], uuid[], bigint[], text[], timestamptz[], integer[], integer[], jsonb[]),
    job.bury(uuid[], uuid[], bigint[], text[], integer[], jsonb[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.archive(uuid[], uuid[], bigint[], text[], tid[]),
    job.give_back(uuid[], uuid[], bigint[], text[], timestamptz[], integer[], integer[], jsonb[]),
    job.bury(uuid[], uuid[], bigint[], text[], integer[], jsonb[]) TO mehvar_queue;
GRANT EXECUTE ON FUNCTION job.complete(uuid, bigint) TO mehvar_app;
