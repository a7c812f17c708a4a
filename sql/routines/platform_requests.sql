-- crm.begin_request for callers of the platform API, of whom there are few and who change little.
CREATE OR REPLACE FUNCTION platform.begin_request(actor uuid, asked text, named text, digested bytea, object uuid) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    earlier bytea;
BEGIN
    IF NOT pg_try_advisory_xact_lock(
        ('x' || left(encode(sha256(convert_to(concat_ws('/', 'platform', actor, asked, named), 'UTF8')), 'hex'), 16))::bit(64)::bigint)
    THEN
        RAISE EXCEPTION 'the request is being done' USING ERRCODE = 'MV001';
    END IF;
    DELETE FROM platform.idempotent_request r WHERE r.created_at < now() - interval '24 hours';
    INSERT INTO platform.idempotent_request (actor_id, operation, key, digest, object_id)
    VALUES (actor, asked, named, digested, object) ON CONFLICT (actor_id, operation, key) DO NOTHING;
    IF FOUND THEN RETURN; END IF;
    SELECT r.digest INTO earlier FROM platform.idempotent_request r
    WHERE r.actor_id = actor AND r.operation = asked AND r.key = named;
    IF earlier IS DISTINCT FROM digested THEN
        RAISE EXCEPTION 'the key was used for another request' USING ERRCODE = 'MV002';
    END IF;
    RAISE EXCEPTION 'the request was done before' USING ERRCODE = 'MV003';
END
$$;
REVOKE ALL ON FUNCTION platform.begin_request(uuid, text, text, bytea, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.begin_request(uuid, text, text, bytea, uuid) TO mehvar_platform;
