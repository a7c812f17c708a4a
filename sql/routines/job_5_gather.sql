-- Sees to it that a job waits for each kind of object that was gathered of a tenant. Steps from tenant to tenant in the primary key, so that
-- it costs nothing where nothing was gathered.
CREATE OR REPLACE FUNCTION job.gather() RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    WITH RECURSIVE place AS (
        (SELECT g.tenant_id, g.kind, g.queue FROM job.gathered g ORDER BY g.tenant_id, g.kind, g.id LIMIT 1)
        UNION ALL
        SELECT n.tenant_id, n.kind, n.queue FROM place p CROSS JOIN LATERAL (
            SELECT g.tenant_id, g.kind, g.queue FROM job.gathered g WHERE (g.tenant_id, g.kind) > (p.tenant_id, p.kind)
            ORDER BY g.tenant_id, g.kind, g.id LIMIT 1) n
    )
    INSERT INTO job.job (tenant_id, id, queue, kind, state, unique_key)
    SELECT p.tenant_id, gen_random_uuid(), p.queue, p.kind, 'ready', p.kind || '/gathered' FROM place p
    WHERE NOT EXISTS (SELECT FROM job.job j WHERE j.tenant_id = p.tenant_id AND j.unique_key = p.kind || '/gathered'
        AND j.state IN ('scheduled', 'ready'))
    ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready') DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION job.gather() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION job.gather() TO mehvar_queue;
