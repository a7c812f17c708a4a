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

-- Whether customers may be looked for by attributes as the filters ask: [{"place", "name", "isOfOrder", "values": [{"text", "kinds"}]}], where
-- the kinds are what a text can be. Raises MV006 with every fault, as JSON, of which the name is the filter's place.
CREATE OR REPLACE FUNCTION crm.check_attribute_filters(tenant uuid, filters jsonb) RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    faults jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM crm.customer_attribute a WHERE a.tenant_id = tenant AND a.deleted_at IS NULL) THEN RETURN; END IF;
    SELECT jsonb_agg(jsonb_build_object('name', f.place, 'code', f.code, 'detail', f.detail) ORDER BY f.place) INTO faults
    FROM (
        SELECT w.place, CASE WHEN a.name IS NULL OR a.type = 'choice' AND NOT w."isOfOrder" THEN 'unknown' WHEN q.is_out_of_order THEN 'not_allowed'
                ELSE 'invalid' END AS code,
            CASE WHEN a.name IS NULL THEN 'There is no such attribute.' WHEN q.is_out_of_order THEN 'Only numbers and days have an order.'
                ELSE CASE a.type WHEN 'number' THEN 'A number.' WHEN 'boolean' THEN 'true or false.' WHEN 'day' THEN 'A day as YYYY-MM-DD.'
                    ELSE 'One of ' || array_to_string(a.choices, ', ') || '.' END END AS detail
        FROM jsonb_to_recordset(filters) AS w (place text, name text, "isOfOrder" boolean, "values" jsonb)
        LEFT JOIN crm.customer_attribute a ON a.tenant_id = tenant AND a.name = w.name AND a.deleted_at IS NULL
        CROSS JOIN LATERAL (SELECT w."isOfOrder" AND a.type NOT IN ('number', 'day') AS is_out_of_order) AS q
        WHERE a.name IS NULL OR q.is_out_of_order OR EXISTS (SELECT FROM jsonb_to_recordset(w."values") AS v (text text, kinds jsonb)
            WHERE NOT CASE a.type WHEN 'choice' THEN v.text = ANY (a.choices) ELSE v.kinds ? a.type END)
    ) AS f;
    IF faults IS NOT NULL THEN RAISE EXCEPTION '%', faults USING ERRCODE = 'MV006'; END IF;
END
$$;
REVOKE ALL ON FUNCTION crm.check_attribute_filters(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.check_attribute_filters(uuid, jsonb) TO mehvar_app;
