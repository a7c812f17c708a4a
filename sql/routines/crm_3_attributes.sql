-- Whether a text is a day of the Gregorian calendar.
CREATE OR REPLACE FUNCTION crm.is_day(day text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    RETURN day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND day::date IS NOT NULL;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION crm.is_day(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.is_day(text) TO mehvar_app;

-- Whether a customer's attributes may become others. Raises MV006 with every fault, as JSON, for those that are new or other than before, and
-- for required ones that are missing.
CREATE OR REPLACE FUNCTION crm.check_attributes(tenant uuid, old jsonb, new jsonb) RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    faults jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM crm.customer_attribute a WHERE a.tenant_id = tenant AND a.deleted_at IS NULL) THEN RETURN; END IF;
    SELECT jsonb_agg(jsonb_build_object('name', f.name, 'code', f.code, 'detail', f.detail) ORDER BY f.name) INTO faults
    FROM (
        SELECT a.name, 'required' AS code, 'Is required.' AS detail FROM crm.customer_attribute a
        WHERE a.tenant_id = tenant AND a.deleted_at IS NULL AND a.is_required AND coalesce(new -> a.name, 'null') = 'null'
        UNION ALL
        SELECT m.key, CASE WHEN a.name IS NULL THEN 'unknown' WHEN a.type = 'choice' THEN 'unknown' ELSE 'type' END,
            CASE WHEN a.name IS NULL THEN 'There is no such attribute.' ELSE CASE a.type
                WHEN 'text' THEN 'Expected a string of at most 1000 characters.' WHEN 'number' THEN 'Expected a number.'
                WHEN 'boolean' THEN 'Expected true or false.' WHEN 'day' THEN 'Expected a day as YYYY-MM-DD.'
                ELSE 'One of ' || array_to_string(a.choices, ', ') || '.' END END
        FROM jsonb_each(new) AS m
        LEFT JOIN crm.customer_attribute a ON a.tenant_id = tenant AND a.name = m.key AND a.deleted_at IS NULL
        WHERE (old -> m.key) IS DISTINCT FROM m.value AND m.value <> 'null' AND NOT coalesce(CASE a.type
            WHEN 'text' THEN jsonb_typeof(m.value) = 'string' AND length(m.value #>> '{}') <= 1000
            WHEN 'number' THEN jsonb_typeof(m.value) = 'number'
            WHEN 'boolean' THEN jsonb_typeof(m.value) = 'boolean'
            WHEN 'day' THEN jsonb_typeof(m.value) = 'string' AND crm.is_day(m.value #>> '{}')
            WHEN 'choice' THEN jsonb_typeof(m.value) = 'string' AND (m.value #>> '{}') = ANY (a.choices) END, false)
        LIMIT 100
    ) AS f;
    IF faults IS NOT NULL THEN RAISE EXCEPTION '%', faults USING ERRCODE = 'MV006'; END IF;
END
$$;
REVOKE ALL ON FUNCTION crm.check_attributes(uuid, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.check_attributes(uuid, jsonb, jsonb) TO mehvar_app;
