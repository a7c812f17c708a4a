-- Begins what a request with an Idempotency-Key asks for, or raises, which leaves nothing of the transaction: MV001 while the same request is
-- being done, MV002 when the key was used for another request, MV003 when it was done before. After 24 hours a key is free again.
CREATE OR REPLACE FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    earlier bytea;
BEGIN
    -- Whoever comes second learns it at once instead of waiting for the row.
    IF NOT pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', tenant, actor, asked, named), 0)) THEN
        RAISE EXCEPTION 'the request is being done' USING ERRCODE = 'MV001';
    END IF;
    INSERT INTO crm.idempotent_request AS r (tenant_id, actor_id, operation, key, digest, object_id)
    VALUES (tenant, actor, asked, named, digested, object)
    ON CONFLICT (tenant_id, actor_id, operation, key) DO UPDATE
    SET digest = excluded.digest, object_id = excluded.object_id, created_at = excluded.created_at
    WHERE r.created_at < excluded.created_at - interval '24 hours';
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT r.digest INTO earlier FROM crm.idempotent_request r
    WHERE r.tenant_id = tenant AND r.actor_id = actor AND r.operation = asked AND r.key = named;
    IF earlier IS DISTINCT FROM digested THEN
        RAISE EXCEPTION 'the key was used for another request' USING ERRCODE = 'MV002';
    END IF;
    RAISE EXCEPTION 'the request was done before' USING ERRCODE = 'MV003';
END
$$;
REVOKE ALL ON FUNCTION crm.begin_request(uuid, uuid, text, text, bytea, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.begin_request(uuid, uuid, text, text, bytea, uuid) TO mehvar_app;
