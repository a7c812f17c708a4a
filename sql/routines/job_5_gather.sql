-- Makes jobs of what was gathered: one of each kind for up to so many items of a tenant, each item once. Of several who do it at once each
-- makes jobs of what the others do not.
CREATE OR REPLACE FUNCTION job.gather(most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made bigint := 0;
BEGIN
    -- Mostly there is nothing, and the tenants need not be looked through.
    IF EXISTS (SELECT FROM job.gathered) THEN
        WITH taken AS (
            DELETE FROM job.gathered g USING (
                SELECT o.tenant_id, o.id FROM job.tenant t CROSS JOIN LATERAL (
                    SELECT o.tenant_id, o.id FROM job.gathered o WHERE o.tenant_id = t.tenant_id
                    ORDER BY o.id LIMIT most FOR UPDATE SKIP LOCKED) o
            ) o
            WHERE g.tenant_id = o.tenant_id AND g.id = o.id
            RETURNING g.tenant_id, g.queue, g.kind, g.version, g.item
        )
        INSERT INTO job.job (tenant_id, id, queue, kind, version, state, parameters)
        SELECT k.tenant_id, gen_random_uuid(), k.queue, k.kind, k.version, 'ready', jsonb_build_object('items', jsonb_agg(DISTINCT k.item))
        FROM taken k GROUP BY k.tenant_id, k.queue, k.kind, k.version;
        GET DIAGNOSTICS made = ROW_COUNT;
    END IF;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION job.gather(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.gather(integer) TO mehvar_queue;
