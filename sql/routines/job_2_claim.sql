-- Claims jobs of a queue whose tenant has a cap or whose starts have a rate, which hold over all workers: whoever claims locks the
-- tenant's row, the queue's row or both first, and looks at what runs after that. Who finds them locked gets nothing, and looks again soon.
CREATE OR REPLACE FUNCTION job.claim_limited(worker uuid, kinds text[], versions integer[], tenant uuid, claimed_queue text, slots integer)
RETURNS TABLE (tenant_id uuid, id uuid, lease bigint, queue text, kind text, priority smallint, run_at timestamptz, attempt integer,
    max_attempts integer, is_unique boolean, parameters jsonb, created_at timestamptz, deadline timestamptz)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    free integer := slots;
    cap integer;
    bucket job.tenant_queue;
    is_rated boolean;
    moment timestamptz;
    available double precision := 'infinity';
    spent bigint;
    chosen tid[];
BEGIN
    SELECT t.max_running INTO cap FROM job.tenant t
    WHERE t.tenant_id = tenant AND NOT t.is_held FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO bucket FROM job.tenant_queue q WHERE q.tenant_id = tenant AND q.queue = claimed_queue FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM job.tenant_queue q WHERE q.tenant_id = tenant AND q.queue = claimed_queue) THEN
        RETURN;
    END IF;
    is_rated := bucket.rate IS NOT NULL;
    IF bucket.is_paused THEN
        RETURN;
    END IF;
    IF cap IS NOT NULL THEN
        SELECT least(free, cap - count(*)) INTO free
        FROM (SELECT FROM job.job r WHERE r.tenant_id = tenant AND r.state = 'running' LIMIT cap) r;
    END IF;
    -- By the clock and not by the transaction's beginning, which may be long ago.
    moment := clock_timestamp();
    IF is_rated THEN
        bucket.burst := coalesce(bucket.burst, greatest(1, bucket.rate / 20));
        available := least(bucket.burst,
            bucket.tokens + bucket.rate * greatest(0, extract(epoch FROM moment - bucket.refilled_at)));
    END IF;
    IF free <= 0 THEN
        RETURN;
    END IF;

    -- What one job costs beyond the burst is owed: it starts when the bucket is full.
    SELECT array_agg(f.place), sum(f.cost) INTO chosen, spent
    FROM (
        SELECT c.place, c.cost, sum(c.cost) OVER w AS needed, row_number() OVER w AS turn
        FROM (
            SELECT j.ctid AS place, j.id, j.cost, j.priority, j.run_at FROM job.job j
            WHERE j.tenant_id = tenant AND j.queue = claimed_queue AND j.state = 'ready'
                AND j.version <= versions[array_position(kinds, j.kind)]
                AND (j.unique_key IS NULL OR (
                    SELECT true FROM job.job r
                    WHERE r.tenant_id = j.tenant_id AND r.unique_key = j.unique_key AND r.state = 'running' LIMIT 1) IS NULL)
            ORDER BY j.priority, j.run_at, j.id LIMIT free FOR UPDATE OF j SKIP LOCKED
        ) c
        WINDOW w AS (ORDER BY c.priority, c.run_at, c.id)
    ) f
    WHERE f.needed <= available OR f.turn = 1 AND available >= bucket.burst;
    IF chosen IS NULL THEN
        RETURN;
    END IF;
    IF is_rated THEN
        UPDATE job.tenant_queue q SET tokens = available - spent, refilled_at = moment
        WHERE q.tenant_id = tenant AND q.queue = claimed_queue;
    END IF;
    RETURN QUERY
        UPDATE job.job j
        SET state = 'running', lease = j.lease + 1, attempt = j.attempt + 1, worker_id = worker, started_at = moment
        WHERE j.ctid = ANY (chosen)
        RETURNING j.tenant_id, j.id, j.lease, j.queue, j.kind, j.priority, j.run_at, j.attempt, j.max_attempts,
            j.unique_key IS NOT NULL, j.parameters, j.created_at, j.deadline;
END
$$;
REVOKE ALL ON FUNCTION job.claim_limited(uuid, text[], integer[], uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.claim_limited(uuid, text[], integer[], uuid, text, integer) TO mehvar_queue;
