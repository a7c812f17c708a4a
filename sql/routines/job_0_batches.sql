-- Counts jobs that have ended in their batches, and enqueues the last job of the batches that end with them. A dead job that is retried
-- opens its batch's end again.
CREATE OR REPLACE FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- The clock's and not the transaction's, so that an end is told from another one in the same transaction.
    moment timestamptz := clock_timestamp();
    places tid[];
    done_now bigint[];
    failed_now bigint[];
    cancelled_now bigint[];
BEGIN
    SELECT array_agg(b.place), array_agg(n.done), array_agg(n.failed), array_agg(n.cancelled)
    INTO places, done_now, failed_now, cancelled_now
    FROM (
        SELECT o.tenant_id, o.batch_id, count(*) FILTER (WHERE o.outcome = 'completed') AS done,
            count(*) FILTER (WHERE o.outcome = 'dead') - count(*) FILTER (WHERE o.outcome = 'retried') AS failed,
            count(*) FILTER (WHERE o.outcome = 'cancelled') AS cancelled
        FROM unnest(tenants, batches, outcomes) AS o (tenant_id, batch_id, outcome)
        -- In one order, so that two who count in the same batches do not wait for each other.
        GROUP BY o.tenant_id, o.batch_id ORDER BY o.tenant_id, o.batch_id
    ) n
    CROSS JOIN LATERAL (
        SELECT b.ctid AS place FROM job.batch b WHERE b.tenant_id = n.tenant_id AND b.id = n.batch_id LIMIT 1 FOR UPDATE
    ) b;
    WITH counted AS (
        UPDATE job.batch b
        SET done = b.done + n.done, failed = b.failed + n.failed, cancelled = b.cancelled + n.cancelled,
            ended_at = CASE WHEN NOT b.is_open
                AND b.done + n.done + b.failed + n.failed + b.cancelled + n.cancelled >= b.total
                THEN coalesce(b.ended_at, moment) END
        FROM unnest(places, done_now, failed_now, cancelled_now) AS n (place, done, failed, cancelled)
        WHERE b.ctid = n.place
        RETURNING b.tenant_id, b.ended_at, b.finally
    )
    INSERT INTO job.job (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, cost, deadline, parameters)
    SELECT c.tenant_id, gen_random_uuid(), c.finally ->> 'queue', c.finally ->> 'kind', (c.finally ->> 'version')::integer,
        (c.finally ->> 'priority')::smallint, 'ready', now(), (c.finally ->> 'max_attempts')::integer,
        coalesce((c.finally ->> 'cost')::integer, 1), to_timestamp((c.finally ->> 'deadline')::double precision),
        c.finally -> 'parameters'
    FROM counted c WHERE c.ended_at = moment AND c.finally IS NOT NULL;
END
$$;
REVOKE ALL ON FUNCTION job.count_in_batches(uuid[], uuid[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.count_in_batches(uuid[], uuid[], text[]) TO mehvar_queue, mehvar_app;

-- Announces that so many jobs of an open batch follow in the same transaction.
CREATE OR REPLACE FUNCTION job.extend_batch(tenant uuid, extended uuid, jobs bigint) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE job.batch SET total = total + jobs WHERE tenant_id = tenant AND id = extended AND is_open;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the batch is not there, or closed' USING ERRCODE = 'JQ002';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION job.extend_batch(uuid, uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.extend_batch(uuid, uuid, bigint) TO mehvar_app;

-- No more jobs will come: the batch ends with the last one, or now if all have ended. Closing it again does nothing.
CREATE OR REPLACE FUNCTION job.close_batch(tenant uuid, closed uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE job.batch SET is_open = false WHERE tenant_id = tenant AND id = closed AND is_open;
    IF FOUND THEN
        PERFORM job.count_in_batches(ARRAY[tenant], ARRAY[closed], ARRAY['none']);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION job.close_batch(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.close_batch(uuid, uuid) TO mehvar_app;
