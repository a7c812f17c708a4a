-- Which tables hold rows of tenants, those first whose rows others do not refer to any more once they are empty.
CREATE OR REPLACE FUNCTION platform.tenant_tables() RETURNS TABLE (place regclass, rank integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE held AS (
        SELECT c.oid FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'crm'
    ), parents AS (
        SELECT DISTINCT f.conrelid AS child, f.confrelid AS parent FROM pg_constraint f
        WHERE f.contype = 'f' AND f.conrelid <> f.confrelid
    ), depth AS (
        SELECT oid, 0 AS level FROM held
        UNION
        SELECT p.parent, d.level + 1 FROM depth d JOIN parents p ON p.child = d.oid WHERE d.level < 20
    )
    SELECT h.oid::regclass, max(d.level) FROM held h JOIN depth d ON d.oid = h.oid GROUP BY h.oid
$$;
REVOKE ALL ON FUNCTION platform.tenant_tables() FROM PUBLIC;

-- Erases at most so many rows of a tenant whose time has come, and the tenant itself with the last; says how many there were, 0 when nothing
-- is left. Raises MV004 for a tenant that is not to be erased (yet).
CREATE OR REPLACE FUNCTION platform.erase(doomed uuid, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place record;
    link name;
    here bigint;
    -- What is done of what may be: rows that are gone, or let go of another.
    gone bigint;
    counts jsonb := '{}';
    left_over boolean;
BEGIN
    PERFORM FROM platform.tenant t
    WHERE t.id = doomed AND t.state = 'deleting' AND t.erase_after <= now() FOR UPDATE;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM platform.erasure e WHERE e.tenant_id = doomed AND e.ended_at IS NOT NULL) THEN
            RETURN 0;
        END IF;
        RAISE EXCEPTION 'the tenant is not to be erased' USING ERRCODE = 'MV004';
    END IF;
    INSERT INTO platform.erasure (tenant_id, slug) SELECT t.id, t.slug FROM platform.tenant t WHERE t.id = doomed
    ON CONFLICT (tenant_id) DO NOTHING;
    gone := job.forget(doomed, most);
    IF gone > 0 THEN counts := jsonb_build_object('job', gone); END IF;
    FOR place IN SELECT t.place FROM platform.tenant_tables() t ORDER BY t.rank, t.place::text LOOP
        EXIT WHEN gone >= most;
        -- A slice may take a row and leave one that refers to it, so that all of a table let go of each other first.
        FOR link IN
            SELECT a.attname FROM pg_constraint f CROSS JOIN unnest(f.conkey) AS k (number)
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number
            WHERE f.contype = 'f' AND f.conrelid = place.place AND f.confrelid = place.place AND a.attname <> 'tenant_id'
        LOOP
            EXECUTE format('UPDATE %s SET %I = NULL WHERE tenant_id = $1 AND ctid = ANY (ARRAY('
                'SELECT ctid FROM %1$s WHERE tenant_id = $1 AND %2$I IS NOT NULL LIMIT $2))', place.place, link)
                USING doomed, most - gone;
            GET DIAGNOSTICS here = ROW_COUNT;
            gone := gone + here;
        END LOOP;
        EXIT WHEN gone >= most;
        EXECUTE format('DELETE FROM %s WHERE tenant_id = $1 AND ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 LIMIT $2))',
            place.place) USING doomed, most - gone;
        GET DIAGNOSTICS here = ROW_COUNT;
        CONTINUE WHEN here = 0;
        gone := gone + here;
        counts := counts || jsonb_build_object(place.place::text, here);
    END LOOP;
    UPDATE platform.erasure e
    SET erased = (
        SELECT jsonb_object_agg(k, coalesce((e.erased ->> k)::bigint, 0) + coalesce((counts ->> k)::bigint, 0))
        FROM (SELECT jsonb_object_keys(e.erased) UNION SELECT jsonb_object_keys(counts)) AS names (k))
    WHERE e.tenant_id = doomed AND counts <> '{}';
    IF gone > 0 THEN RETURN gone; END IF;
    -- Every table is looked at once more before it is said that nothing is left.
    FOR place IN
        SELECT t.place FROM platform.tenant_tables() t
        UNION ALL SELECT o.place FROM unnest(ARRAY['job.gathered', 'job.job', 'job.done', 'job.dead', 'job.batch', 'job.schedule']::regclass[]) AS o (place)
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE tenant_id = $1)', place.place) INTO left_over USING doomed;
        IF left_over THEN RAISE EXCEPTION 'rows of % are left', place.place; END IF;
    END LOOP;
    UPDATE platform.erasure e SET ended_at = now() WHERE e.tenant_id = doomed;
    INSERT INTO platform.event (id, actor_kind, action, object_id) VALUES (gen_random_uuid(), 'job', 'tenant.erased', doomed);
    DELETE FROM platform.tenant t WHERE t.id = doomed;
    RETURN 0;
END
$$;
REVOKE ALL ON FUNCTION platform.erase(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.erase(uuid, integer) TO mehvar_platform;

-- How much a tenant keeps and does, for who runs the deployment and for itself.
CREATE OR REPLACE FUNCTION platform.usage(
    asked uuid, OUT customers bigint, OUT members bigint, OUT keys bigint, OUT mails bigint, OUT responses bigint, OUT waiting bigint,
    OUT dead bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (SELECT count(*) FROM crm.customer c WHERE c.tenant_id = asked AND c.deleted_at IS NULL),
        (SELECT count(*) FROM crm.member m WHERE m.tenant_id = asked AND m.deleted_at IS NULL),
        (SELECT count(*) FROM crm.api_key k WHERE k.tenant_id = asked AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)),
        (SELECT count(*) FROM crm.invitation i WHERE i.tenant_id = asked AND i.sent_at > now() - interval '30 days'),
        (SELECT count(*) FROM crm.response r WHERE r.tenant_id = asked AND r.submitted_at > now() - interval '30 days'),
        (SELECT count(*) FROM job.job j WHERE j.tenant_id = asked AND j.state <> 'running'),
        (SELECT count(*) FROM job.dead d WHERE d.tenant_id = asked)
$$;
REVOKE ALL ON FUNCTION platform.usage(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.usage(uuid) TO mehvar_platform;
