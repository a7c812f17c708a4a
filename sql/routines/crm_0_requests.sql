-- Begins what a request with an Idempotency-Key asks for, or raises, which leaves nothing of the transaction: MV001 while the same request is
-- being done, MV002 when the key was used for another request, MV003 when it was done before. After 24 hours a key is free again.
CREATE OR REPLACE FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    earlier bytea;
BEGIN
    -- Whoever comes second learns it at once instead of waiting for the row.
    -- The number is of a hash that nobody can aim at: other locks are numbers too.
    IF NOT pg_try_advisory_xact_lock(
        ('x' || left(encode(sha256(convert_to(concat_ws('/', 'request', tenant, actor, asked, named), 'UTF8')), 'hex'), 16))::bit(64)::bigint)
    THEN
        RAISE EXCEPTION 'the request is being done' USING ERRCODE = 'MV001';
    END IF;
    INSERT INTO crm.idempotent_request AS r (tenant_id, actor_id, operation, key, digest, object_id)
    VALUES (tenant, actor, asked, named, digested, object)
    ON CONFLICT (tenant_id, actor_id, operation, key) DO UPDATE
    SET digest = excluded.digest, object_id = excluded.object_id, created_at = excluded.created_at
    WHERE r.created_at < excluded.created_at - interval '24 hours';
    IF FOUND THEN
        -- Each new one takes two old ones along, so that the table holds about a day.
        DELETE FROM crm.idempotent_request r WHERE r.tenant_id = tenant AND r.ctid IN (
            SELECT o.ctid FROM crm.idempotent_request o
            WHERE o.tenant_id = tenant AND o.created_at < now() - interval '25 hours'
            ORDER BY o.created_at LIMIT 2 FOR UPDATE SKIP LOCKED);
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
