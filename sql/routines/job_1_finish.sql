-- What becomes of runs. Each names its lease: a run that is not the present one changes nothing. Each function gives the number of jobs
-- that it moved. A job that runs is told by its worker: its state would lead the planner to the index of all running jobs, away from the
-- primary key.

-- Rows are found by their keys one after the other, or by their places (ctid). A join of keys would be planned by the size of the table, and
-- statistics may have seen it empty (record 0011): nothing but a place leaves the planner no index to walk through from end to end.

-- Locks those of the runs that are the present ones, in one order. Says where each stands, its number among those named, its key, and
-- whether somebody wants to stop it.
CREATE OR REPLACE FUNCTION job.lock_runs(tenants uuid[], ids uuid[], leases bigint[])
RETURNS TABLE (number bigint, place tid, unique_key text, is_stopped boolean)
LANGUAGE sql VOLATILE
AS $$
    SELECT o.number, j.place, j.unique_key, j.is_stopped
    FROM (
        SELECT * FROM unnest(tenants, ids, leases) WITH ORDINALITY AS o (tenant_id, id, lease, number) ORDER BY tenant_id, id
    ) o
    CROSS JOIN LATERAL (
        SELECT j.ctid AS place, j.unique_key, j.cancel_requested_at IS NOT NULL AS is_stopped FROM job.job j
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL LIMIT 1 FOR UPDATE
    ) j
$$;

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
            SELECT array_agg(tenants[r.number]), array_agg(ids[r.number]), array_agg(leases[r.number]),
                array_agg(outcomes[r.number]), array_agg(r.place)
            INTO tenants, ids, leases, outcomes, places
            FROM job.lock_runs(tenants, ids, leases) r;
            EXIT WHEN ids IS NULL;
        END IF;
        WITH finished AS (
            DELETE FROM job.job j
            USING unnest(tenants, ids, leases, outcomes, places) AS o (tenant_id, id, lease, outcome, place)
            -- Compared in a way that no index helps with.
            WHERE j.ctid = o.place AND j.tenant_id IS NOT DISTINCT FROM o.tenant_id AND j.id IS NOT DISTINCT FROM o.id
                AND j.lease = o.lease AND j.worker_id IS NOT NULL
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
    kept bigint[];
    places tid[];
    keys text[];
    twins tid[];
    stopped bigint[];
    stopped_places tid[];
BEGIN
    -- Locked first, so that a request to stop either stands here already or finds the job waiting again.
    SELECT array_agg(r.number) FILTER (WHERE NOT r.is_stopped), array_agg(r.place) FILTER (WHERE NOT r.is_stopped),
        array_agg(r.unique_key) FILTER (WHERE NOT r.is_stopped),
        array_agg(r.number) FILTER (WHERE r.is_stopped), array_agg(r.place) FILTER (WHERE r.is_stopped)
    INTO kept, places, keys, stopped, stopped_places
    FROM job.lock_runs(tenants, ids, leases) r;

    SELECT array_agg(w.place ORDER BY k.turn) INTO twins
    FROM unnest(kept, keys) WITH ORDINALITY AS k (number, unique_key, turn)
    LEFT JOIN LATERAL (
        SELECT w.ctid AS place FROM job.job w
        WHERE w.tenant_id = tenants[k.number] AND w.unique_key = k.unique_key AND w.state IN ('scheduled', 'ready')
        LIMIT 1 FOR UPDATE
    ) w ON true;

    WITH o AS MATERIALIZED (
        SELECT k.place, k.twin, states[k.number] AS state, run_ats[k.number] AS run_at, refunds[k.number] AS refund,
            rescued[k.number] AS rescued, failures[k.number] AS failures
        FROM unnest(kept, places, twins) AS k (number, place, twin)
    ), twin AS (
        UPDATE job.job w
        SET run_at = least(w.run_at, coalesce(o.run_at, j.run_at)), priority = least(w.priority, j.priority),
            state = CASE WHEN w.state = 'ready' THEN w.state ELSE o.state END
        FROM o JOIN job.job j ON j.ctid = o.place
        WHERE w.ctid = o.twin
    ), merged AS (
        DELETE FROM job.job j USING o WHERE j.ctid = o.place AND o.twin IS NOT NULL
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
        FROM o WHERE j.ctid = o.place AND o.twin IS NULL
        RETURNING j.id
    )
    SELECT (SELECT count(*) FROM archived) + (SELECT count(*) FROM returned) INTO moved;
    IF stopped IS NOT NULL THEN
        moved := moved + (
            SELECT job.archive(array_agg(tenants[s.number]), array_agg(ids[s.number]), array_agg(leases[s.number]),
                array_agg('cancelled'::text), array_agg(s.place))
            FROM unnest(stopped, stopped_places) AS s (number, place));
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
    numbers bigint[];
    places tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    SELECT array_agg(r.number), array_agg(r.place) INTO numbers, places FROM job.lock_runs(tenants, ids, leases) r;
    WITH buried AS (
        DELETE FROM job.job j USING unnest(numbers, places) AS o (number, place) WHERE j.ctid = o.place
        RETURNING j.*, reasons[o.number] AS reason, rescued[o.number] AS rescued, failures[o.number] AS failures
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

REVOKE ALL ON FUNCTION job.lock_runs(uuid[], uuid[], bigint[]),
    job.archive(uuid[], uuid[], bigint[], text[], tid[]), job.complete(uuid, bigint),
    job.give_back(uuid[], uuid[], bigint[], text[], timestamptz[], integer[], integer[], jsonb[]),
    job.bury(uuid[], uuid[], bigint[], text[], integer[], jsonb[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.lock_runs(uuid[], uuid[], bigint[]),
    job.archive(uuid[], uuid[], bigint[], text[], tid[]),
    job.give_back(uuid[], uuid[], bigint[], text[], timestamptz[], integer[], integer[], jsonb[]),
    job.bury(uuid[], uuid[], bigint[], text[], integer[], jsonb[]) TO mehvar_queue;
GRANT EXECUTE ON FUNCTION job.complete(uuid, bigint) TO mehvar_app;
