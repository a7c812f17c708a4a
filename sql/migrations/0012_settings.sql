-- What a business decides about its API: who may call it from a browser, and how often.
ALTER TABLE crm.tenant_setting
    ADD COLUMN allowed_origins text[] NOT NULL DEFAULT '{}' CONSTRAINT tenant_setting_origins_check CHECK (cardinality(allowed_origins) <= 20),
    ADD COLUMN requests_per_second integer NOT NULL DEFAULT 500
        CONSTRAINT tenant_setting_requests_check CHECK (requests_per_second BETWEEN 1 AND 100000),
    ADD COLUMN key_requests_per_second integer NOT NULL DEFAULT 250
        CONSTRAINT tenant_setting_key_requests_check CHECK (key_requests_per_second BETWEEN 1 AND 100000);

-- The origins whose pages may call the API of some business. A browser asks before it sends the key that says of which, so this looks at all
-- of them and tells nothing else.
CREATE FUNCTION crm.allowed_origins() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(array_agg(DISTINCT o.origin), '{}') FROM crm.tenant_setting s CROSS JOIN unnest(s.allowed_origins) AS o (origin) $$;
GRANT EXECUTE ON FUNCTION crm.allowed_origins() TO mehvar_app;

-- The business's name stands with the deployment's tenants, which the application only reads; it may change its own.
CREATE FUNCTION crm.rename_tenant(renamed uuid, new_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF renamed IS DISTINCT FROM current_setting('mehvar.tenant_id')::uuid THEN
        RAISE EXCEPTION 'another tenant' USING ERRCODE = '42501';
    END IF;
    UPDATE platform.tenant SET name = new_name, version = version + 1, updated_at = now() WHERE id = renamed;
END
$$;
GRANT EXECUTE ON FUNCTION crm.rename_tenant(uuid, text) TO mehvar_app;
