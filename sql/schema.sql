-- What the migrations make, dumped by PostgreSQL 15. Written by: deploy/test --write-schema

CREATE SCHEMA crm;

ALTER SCHEMA crm OWNER TO mehvar_owner;

CREATE SCHEMA job;

ALTER SCHEMA job OWNER TO mehvar_owner;

CREATE SCHEMA platform;

ALTER SCHEMA platform OWNER TO mehvar_owner;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE FUNCTION crm.normalise(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(translate(lower(NORMALIZE(value, NFKC)), 'يىكةۀؤأإٱآئ۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩‌‍‎‏­ـًٌٍَُِّْٰ'::text, 'ییکههواااای01234567890123456789'::text), '\s+'::text, ' '::text, 'g'::text));

ALTER FUNCTION crm.normalise(value text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.address_key(channel text, address text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (channel = ANY (ARRAY['phone'::text, 'sms'::text, 'whatsapp'::text])) THEN regexp_replace(regexp_replace(crm.normalise(address), '[^0-9+]'::text, ''::text, 'g'::text), '^(?:(?:(?:\+|00)98|98)?0?(9[0-9]{9})|(?:\+|00)980?([1-8][0-9]{9}))$'::text, '0\1\2'::text) ELSE crm.normalise(address) END;

ALTER FUNCTION crm.address_key(channel text, address text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.allowed_origins() RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ SELECT coalesce(array_agg(DISTINCT o.origin), '{}') FROM crm.tenant_setting s CROSS JOIN unnest(s.allowed_origins) AS o (origin) $$;

ALTER FUNCTION crm.allowed_origins() OWNER TO mehvar_owner;

CREATE FUNCTION crm."analyse"(tables text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    name text;
    columns text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a
        WHERE a.attrelid = format('crm.%I', name)::regclass AND a.attnum > 0 AND EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = a.attrelid AND m.amname = 'btree'
                AND (a.attnum = ANY (i.indkey) OR pg_get_expr(i.indpred, i.indrelid) ~ ('\m' || a.attname || '\M')));
        EXECUTE format('ANALYZE (SKIP_LOCKED) crm.%I (%s)', name, columns);
    END LOOP;
END
$$;

ALTER FUNCTION crm."analyse"(tables text[]) OWNER TO mehvar_owner;

CREATE FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) RETURNS void
    LANGUAGE plpgsql
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

ALTER FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.birth_marks(tenant uuid, born date, search_name text, names jsonb) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
DECLARE
    marks bigint[] := '{}';
    day text;
    word text;
BEGIN
    IF born IS NULL THEN RETURN marks; END IF;
    day := crm.word_mark(tenant) || (born - date '2000-01-01');
    FOREACH word IN ARRAY string_to_array(crm.spaced_words(CASE WHEN names = '{}' THEN search_name
        ELSE search_name || ' ' || crm.normalise(jsonb_path_query_array(names, '$.*')::text) END), ' ')
    LOOP
        IF word <> '' THEN marks := marks || hashtextextended(day || left(word, 2), 0); END IF;
    END LOOP;
    RETURN marks;
END
$_$;

ALTER FUNCTION crm.birth_marks(tenant uuid, born date, search_name text, names jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.check_attribute_filters(tenant uuid, filters jsonb) RETURNS void
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

ALTER FUNCTION crm.check_attribute_filters(tenant uuid, filters jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.check_attributes(tenant uuid, old jsonb, new jsonb) RETURNS void
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

ALTER FUNCTION crm.check_attributes(tenant uuid, old jsonb, new jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.customers_by_address(of_channel text, beginning text, most integer) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_indexscan TO 'on'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
    SELECT c.id FROM (
        SELECT p.customer_id, p.address_key FROM crm.contact_point p
        WHERE p.tenant_id = current_setting('mehvar.tenant_id')::uuid AND p.channel = of_channel AND p.address_key >= beginning
            AND p.address_key < beginning || U&'\+10FFFD' AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL
        ORDER BY p.address_key LIMIT 200 + most
    ) AS a
    JOIN crm.customer c ON c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.id = a.customer_id AND c.deleted_at IS NULL
    ORDER BY a.address_key LIMIT most
$$;

ALTER FUNCTION crm.customers_by_address(of_channel text, beginning text, most integer) OWNER TO mehvar_owner;

CREATE FUNCTION crm.erase_person(person uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    same uuid;
BEGIN
    -- In one order, as whoever merges customers does.
    PERFORM FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = ANY (crm.merged_into(person) || person) ORDER BY c.id FOR UPDATE;
    PERFORM FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = person AND c.erased_at IS NULL AND c.merged_into_id IS NULL;
    IF NOT FOUND THEN RETURN false; END IF;
    FOREACH same IN ARRAY crm.merged_into(person) || person LOOP
        PERFORM crm.forget_customer(same);
    END LOOP;
    RETURN true;
END
$$;

ALTER FUNCTION crm.erase_person(person uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.erased_key(address_key text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN ('#'::text || encode(sha256(convert_to(address_key, 'UTF8'::name)), 'hex'::text));

ALTER FUNCTION crm.erased_key(address_key text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.find_duplicates(customers uuid[], whole boolean) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    found_pairs integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('duplicates:' || tenant, 0));
    DELETE FROM crm.duplicate d USING crm.merge g
    WHERE d.tenant_id = tenant AND (d.first_id = ANY (customers) OR d.second_id = ANY (customers)) AND d.state = 'dismissed'
        AND g.tenant_id = tenant AND g.id = d.merge_id AND g.undone_at IS NOT NULL;
    INSERT INTO crm.duplicate (tenant_id, id, first_id, second_id, score, reasons, doubts, state, merge_id, decided_at, actor_kind, actor_id)
    SELECT DISTINCT ON (p.first_id, p.second_id) tenant, gen_random_uuid(), p.first_id, p.second_id, p.score, p.reasons, p.doubts, 'dismissed',
        p.merge_id, p.decided_at, p.actor_kind, p.actor_id
    FROM (
        SELECT least(s.id, o.id) AS first_id, greatest(s.id, o.id) AS second_id, d.score, d.reasons, d.doubts, g.id AS merge_id, d.decided_at,
            d.actor_kind, d.actor_id
        FROM crm.customer c
        JOIN crm.merge g ON g.tenant_id = tenant AND g.merged_id = c.id AND g.undone_at IS NULL
        JOIN crm.duplicate d ON d.tenant_id = tenant AND (d.first_id = c.id OR d.second_id = c.id) AND d.state = 'dismissed'
        CROSS JOIN LATERAL (SELECT crm.survivor_of(tenant, c.id) AS id) AS s
        CROSS JOIN LATERAL (SELECT crm.survivor_of(tenant, CASE c.id WHEN d.first_id THEN d.second_id ELSE d.first_id END) AS id) AS o
        WHERE c.tenant_id = tenant AND c.id = ANY (customers) AND c.merged_into_id IS NOT NULL
    ) AS p WHERE p.first_id <> p.second_id
    ORDER BY p.first_id, p.second_id, p.decided_at DESC
    ON CONFLICT (tenant_id, first_id, second_id) DO UPDATE SET state = 'dismissed', merge_id = excluded.merge_id,
        decided_at = excluded.decided_at, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id, version = duplicate.version + 1
    WHERE duplicate.state = 'open';
    WITH found AS MATERIALIZED (
        SELECT p.first_id, p.second_id, p.score, p.reasons, p.doubts FROM crm.likely_pairs(customers, whole) AS p
    ), gone AS (
        DELETE FROM crm.duplicate d
        WHERE d.tenant_id = tenant AND (d.first_id = ANY (customers) OR (NOT whole AND d.second_id = ANY (customers))) AND d.state = 'open'
            AND NOT EXISTS (SELECT FROM found f WHERE f.first_id = d.first_id AND f.second_id = d.second_id)
    ), kept AS (
        INSERT INTO crm.duplicate (tenant_id, id, first_id, second_id, score, reasons, doubts)
        SELECT tenant, gen_random_uuid(), f.first_id, f.second_id, f.score, f.reasons, f.doubts FROM found f
        -- In one order, as whoever merges several.
        ORDER BY f.first_id, f.second_id
        ON CONFLICT (tenant_id, first_id, second_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons,
            doubts = excluded.doubts, version = duplicate.version + 1, updated_at = excluded.updated_at
        WHERE duplicate.state = 'open'
            AND (duplicate.score, duplicate.reasons, duplicate.doubts) IS DISTINCT FROM (excluded.score, excluded.reasons, excluded.doubts)
    )
    SELECT count(*) INTO found_pairs FROM found;
    RETURN found_pairs;
END
$$;

ALTER FUNCTION crm.find_duplicates(customers uuid[], whole boolean) OWNER TO mehvar_owner;

CREATE FUNCTION crm.forget_customer(person uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    -- The customer's own, and what names an invitation, an interaction or an order in the log.
    subjects uuid[];
BEGIN
    PERFORM FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = person AND c.erased_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF EXISTS (SELECT FROM crm.customer c WHERE c.tenant_id = tenant AND c.organisation_id = person AND c.deleted_at IS NULL) THEN
        RAISE EXCEPTION 'people belong to the organisation' USING ERRCODE = 'MV005';
    END IF;
    UPDATE crm.merge m SET before_values = NULL, after_values = NULL
    WHERE m.tenant_id = tenant AND (m.survivor_id = person OR m.merged_id = person) AND m.before_values IS NOT NULL;
    DELETE FROM crm.duplicate d WHERE d.tenant_id = tenant AND (d.first_id = person OR d.second_id = person);
    -- People who were deleted belong to it no more.
    UPDATE crm.customer c SET organisation_id = NULL WHERE c.tenant_id = tenant AND c.organisation_id = person;
    subjects := ARRAY[person]
        || ARRAY(SELECT i.id FROM crm.interaction i WHERE i.tenant_id = tenant AND i.customer_id = person)
        || ARRAY(SELECT o.id FROM crm.customer_order o WHERE o.tenant_id = tenant AND o.customer_id = person);
    -- Who is not to be written to is not, though nobody knows any more who that is.
    WITH plain AS (
        DELETE FROM crm.suppression s USING (
            SELECT p.channel, p.address_key FROM crm.contact_point p WHERE p.tenant_id = tenant AND p.customer_id = person
            UNION SELECT 'email', crm.address_key('email', i.address) FROM crm.invitation i
            WHERE i.tenant_id = tenant AND i.recipient_id = person AND i.address IS NOT NULL
        ) AS a WHERE s.tenant_id = tenant AND s.channel = a.channel AND s.address_key = a.address_key
            -- Others may have the address too, and are not forgotten.
            AND NOT EXISTS (SELECT FROM crm.contact_point o WHERE o.tenant_id = tenant AND o.channel = a.channel
                AND o.address_key = a.address_key AND o.customer_id <> person AND o.deleted_at IS NULL)
        RETURNING s.channel, s.address_key, s.reason, s.created_at
    )
    INSERT INTO crm.suppression (tenant_id, channel, address_key, reason, created_at)
    SELECT tenant, p.channel, crm.erased_key(p.address_key), p.reason, p.created_at FROM plain p ON CONFLICT DO NOTHING;
    -- Files that nobody goes on with may have the person, too; they cannot be resumed afterwards.
    DELETE FROM crm.import_chunk k USING crm.import i
    WHERE k.tenant_id = tenant AND i.tenant_id = tenant AND i.id = k.import_id AND i.state IN ('failed', 'cancelled');
    -- Rows of files that were wrong, where they may be about the person.
    DELETE FROM crm.import_reject r
    WHERE r.tenant_id = tenant AND r.content ~* (
        SELECT string_agg(crm.written(t.text), '|') FROM (
            SELECT c.name AS text FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = person
            UNION SELECT n.value FROM crm.customer c CROSS JOIN LATERAL jsonb_each_text(c.names) AS n
            WHERE c.tenant_id = tenant AND c.id = person
            UNION SELECT c.reference FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = person AND length(c.reference) > 3
            UNION SELECT p.address FROM crm.contact_point p WHERE p.tenant_id = tenant AND p.customer_id = person
        ) AS t);
    DELETE FROM crm.contact_point p WHERE p.tenant_id = tenant AND p.customer_id = person;
    DELETE FROM crm.consent n WHERE n.tenant_id = tenant AND n.customer_id = person;
    DELETE FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = person;
    DELETE FROM crm.customer_tag t WHERE t.tenant_id = tenant AND t.customer_id = person;
    DELETE FROM crm.customer_market m WHERE m.tenant_id = tenant AND m.customer_id = person;
    DELETE FROM crm.customer_reference r WHERE r.tenant_id = tenant AND r.customer_id = person;
    -- Which segments the customer is in ends with the deletion, as for others who are deleted.
    DELETE FROM crm.segment_stay t WHERE t.tenant_id = tenant AND t.customer_id = person;
    DELETE FROM crm.customer_summary v WHERE v.tenant_id = tenant AND v.customer_id = person;
    UPDATE crm.stage_change s SET reason = NULL WHERE s.tenant_id = tenant AND s.customer_id = person AND s.reason IS NOT NULL;
    UPDATE crm.interaction i SET subject = NULL, body = NULL, outcome = NULL, is_open = false, version = i.version + 1
    WHERE i.tenant_id = tenant AND i.customer_id = person;
    UPDATE crm.order_line l SET description = NULL FROM crm.customer_order o
    WHERE o.tenant_id = tenant AND o.customer_id = person AND l.tenant_id = tenant AND l.order_id = o.id AND l.description IS NOT NULL;
    UPDATE crm.order_return r SET reason = NULL FROM crm.customer_order o
    WHERE o.tenant_id = tenant AND o.customer_id = person AND r.tenant_id = tenant AND r.order_id = o.id AND r.reason IS NOT NULL;
    UPDATE crm.customer_order o SET reference = NULL, version = o.version + 1
    WHERE o.tenant_id = tenant AND o.customer_id = person AND o.reference IS NOT NULL;
    -- Links in letters lead nowhere, and nothing more is sent.
    DELETE FROM crm.token t USING crm.invitation i
    WHERE i.tenant_id = tenant AND i.recipient_id = person AND t.tenant_id = tenant AND t.purpose = 'invitation' AND t.subject_id = i.id;
    UPDATE crm.invitation i SET address = CASE WHEN i.state <> 'planned' AND i.address IS NOT NULL THEN 'erased' END,
        state = CASE i.state WHEN 'planned' THEN 'excluded' ELSE i.state END,
        reason = CASE i.state WHEN 'planned' THEN 'no_address' ELSE i.reason END
    WHERE i.tenant_id = tenant AND i.recipient_id = person;
    DELETE FROM crm.answer a USING crm.response r
    WHERE r.tenant_id = tenant AND r.customer_id = person AND a.tenant_id = tenant AND a.response_id = r.id AND a.comment IS NOT NULL;
    DELETE FROM crm.event_personal p WHERE p.tenant_id = tenant AND p.subject_id = ANY (subjects);
    UPDATE crm.customer c SET name = 'erased', names = '{}', reference = NULL, external_references = '{}', birth_date = NULL,
        time_zone = NULL, stage_reason = NULL, organisation_id = NULL, owner_id = NULL, market_ids = '{}', tags = '{}', attributes = '{}',
        deleted_at = coalesce(c.deleted_at, now()), erased_at = now(), version = c.version + 1, updated_at = now()
    WHERE c.tenant_id = tenant AND c.id = person;
END
$$;

ALTER FUNCTION crm.forget_customer(person uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.former_references(tenant uuid, customer uuid) RETURNS TABLE(system text, reference text)
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE former (id, others, level) AS (
        SELECT c.id, c.external_references, 1 FROM crm.customer c WHERE c.tenant_id = tenant AND c.merged_into_id = customer
        UNION ALL
        SELECT c.id, c.external_references, f.level + 1 FROM former f
        JOIN crm.customer c ON c.tenant_id = tenant AND c.merged_into_id = f.id
        WHERE f.level < 1000
    )
    SELECT e.key, e.value FROM former f CROSS JOIN LATERAL jsonb_each_text(f.others) AS e
$$;

ALTER FUNCTION crm.former_references(tenant uuid, customer uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.give_back(undone uuid, survivor uuid, merged uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    place record;
    place_id uuid;
    entered timestamptz;
BEGIN
    FOR place IN SELECT * FROM (VALUES ('order', 'customer_order', ', version = t.version + 1, updated_at = now()'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()'),
        ('response', 'response', ''), ('consent', 'consent_record', ''), ('stage_change', 'stage_change', ''),
        ('invitation', 'invitation', '')) AS p (kind, name, touch)
    LOOP
        EXECUTE format(
            $query$
            UPDATE crm.%I t SET customer_id = $4 %s FROM crm.merge_row r
            WHERE r.tenant_id = $1 AND r.merge_id = $2 AND r.kind = %L AND t.tenant_id = $1 AND t.id = r.row_id AND t.customer_id = $3
            $query$, place.name, place.touch, place.kind)
        USING tenant, undone, survivor, merged;
    END LOOP;
    UPDATE crm.customer t SET organisation_id = merged, version = t.version + 1, updated_at = now() FROM crm.merge_row r
    WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind = 'person' AND t.tenant_id = tenant AND t.id = r.row_id
        AND t.organisation_id = survivor;
    PERFORM crm.note_people(undone);
    -- What the log says that merging brought is the other one's.
    DELETE FROM crm.event_personal p USING crm.event e, crm.merge g
    WHERE g.tenant_id = tenant AND g.id = undone AND e.tenant_id = tenant AND e.object_id = survivor AND e.action = 'customer.merged'
        AND e.occurred_at = g.created_at AND p.tenant_id = tenant AND p.event_id = e.id;
    -- By address, since somebody may have written the survivor's anew; what another merge brought as well stays.
    UPDATE crm.contact_point t SET deleted_at = now(), version = t.version + 1
    FROM crm.merge_row r JOIN crm.contact_point p ON p.tenant_id = tenant AND p.id = r.row_id
    WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind = 'contact_point' AND t.tenant_id = tenant AND t.customer_id = survivor
        AND t.channel = p.channel AND t.address_key = p.address_key AND t.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM crm.merge m JOIN crm.contact_point o ON o.tenant_id = tenant AND o.customer_id = m.merged_id
            WHERE m.tenant_id = tenant AND m.survivor_id = survivor AND m.id <> undone AND m.undone_at IS NULL
                AND o.channel = p.channel AND o.address_key = p.address_key AND o.deleted_at IS NULL);
    FOR place IN SELECT r.kind, r.row_id FROM crm.merge_row r
        JOIN crm.segment s ON s.tenant_id = tenant AND s.id = r.row_id AND s.kind = 'manual' AND s.deleted_at IS NULL
        WHERE r.tenant_id = tenant AND r.merge_id = undone AND r.kind IN ('segment', 'joined_segment') ORDER BY r.row_id, r.kind
    LOOP
        place_id := place.row_id;
        IF place.kind = 'segment' THEN
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id) VALUES (tenant, place_id, merged) ON CONFLICT DO NOTHING;
            IF FOUND THEN
                UPDATE crm.segment s SET member_count = s.member_count + 1
                WHERE s.tenant_id = tenant AND s.id = place_id;
            END IF;
        ELSE
            -- Who was put in again since, or by another merge too, stays.
            DELETE FROM crm.segment_member m WHERE m.tenant_id = tenant AND m.segment_id = place_id AND m.customer_id = survivor
                AND m.entered_at = (SELECT g.created_at FROM crm.merge g WHERE g.tenant_id = tenant AND g.id = undone)
                AND NOT EXISTS (SELECT FROM crm.merge g JOIN crm.merge_row w ON w.tenant_id = tenant AND w.merge_id = g.id
                    WHERE g.tenant_id = tenant AND g.survivor_id = survivor AND g.id <> undone AND g.undone_at IS NULL
                        AND w.kind = 'segment' AND w.row_id = place_id)
            RETURNING m.entered_at INTO entered;
            IF FOUND THEN
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                VALUES (tenant, place_id, survivor, entered, now()) ON CONFLICT DO NOTHING;
                UPDATE crm.segment s SET member_count = s.member_count - 1
                WHERE s.tenant_id = tenant AND s.id = place_id;
            END IF;
        END IF;
    END LOOP;
    PERFORM crm.settle_consents(tenant, survivor);
    PERFORM crm.settle_consents(tenant, merged);
END
$_$;

ALTER FUNCTION crm.give_back(undone uuid, survivor uuid, merged uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.give_to_survivor(merged_by uuid, survivor uuid, merged uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    place record;
    joined uuid;
BEGIN
    -- One half by each of two indexes.
    FOR place IN SELECT * FROM (VALUES
        ('order', 'customer_order', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NULL'),
        ('order', 'customer_order', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NOT NULL'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NULL'),
        ('interaction', 'interaction', ', version = t.version + 1, updated_at = now()', 't.deleted_at IS NOT NULL'),
        ('response', 'response', '', 'true'), ('consent', 'consent_record', '', 'true'), ('stage_change', 'stage_change', '', 'true'))
        AS p (kind, name, touch, half)
    LOOP
        EXECUTE format(
            $query$
            WITH moved AS (
                UPDATE crm.%I t SET customer_id = $3 %s WHERE t.tenant_id = $1 AND t.customer_id = $4 AND (%s) RETURNING t.id
            )
            INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT $1, $2, %L, m.id FROM moved m ON CONFLICT DO NOTHING
            $query$, place.name, place.touch, place.half, place.kind)
        USING tenant, merged_by, survivor, merged;
    END LOOP;
    -- Who was invited twice to one wave stays so.
    WITH moved AS (
        UPDATE crm.invitation t SET customer_id = survivor WHERE t.tenant_id = tenant AND t.recipient_id = merged
            -- One half by each of two indexes.
            AND (t.state = 'excluded' OR t.state <> 'excluded')
            AND NOT EXISTS (SELECT FROM crm.invitation o WHERE o.tenant_id = tenant AND o.campaign_id = t.campaign_id AND o.wave = t.wave
                AND o.recipient_id = survivor)
        RETURNING t.id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'invitation', m.id FROM moved m;
    WITH moved AS (
        UPDATE crm.customer t SET organisation_id = survivor, version = t.version + 1, updated_at = now()
        WHERE t.tenant_id = tenant AND t.organisation_id = merged RETURNING t.id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'person', m.id FROM moved m;
    PERFORM crm.note_people(merged_by);
    -- Addresses are copied: those of the other one stay with the row that may come back.
    WITH copied AS (
        INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary, type, verified_at)
        SELECT tenant, gen_random_uuid(), survivor, p.channel, p.address, p.is_primary AND NOT EXISTS (SELECT FROM crm.contact_point o
                WHERE o.tenant_id = tenant AND o.customer_id = survivor AND o.channel = p.channel AND o.is_primary AND o.deleted_at IS NULL),
            p.type, p.verified_at
        FROM crm.contact_point p WHERE p.tenant_id = tenant AND p.customer_id = merged AND p.deleted_at IS NULL
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) SELECT tenant, merged_by, 'contact_point', c.id FROM copied c;
    -- Of segments that are listed by hand; rules find out for themselves.
    FOR joined IN SELECT m.segment_id FROM crm.segment_member m JOIN crm.segment s ON s.tenant_id = tenant AND s.id = m.segment_id
        WHERE m.tenant_id = tenant AND m.customer_id = merged AND s.kind = 'manual' AND s.deleted_at IS NULL ORDER BY m.segment_id
    LOOP
        INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) VALUES (tenant, merged_by, 'segment', joined);
        INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id) VALUES (tenant, joined, survivor) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            INSERT INTO crm.merge_row (tenant_id, merge_id, kind, row_id) VALUES (tenant, merged_by, 'joined_segment', joined);
            UPDATE crm.segment s SET member_count = s.member_count + 1 WHERE s.tenant_id = tenant AND s.id = joined;
        END IF;
    END LOOP;
    PERFORM crm.settle_consents(tenant, survivor);
    PERFORM crm.settle_consents(tenant, merged);
END
$_$;

ALTER FUNCTION crm.give_to_survivor(merged_by uuid, survivor uuid, merged uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.is_day(day text) RETURNS boolean
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    AS $_$
BEGIN
    RETURN day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND day::date IS NOT NULL;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
    RETURN false;
END
$_$;

ALTER FUNCTION crm.is_day(day text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.is_near_number(one text, other text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((LEAST(length(one), length(other)) >= 9) AND (LEAST(length(one), 10) = LEAST(length(other), 10)) AND ((SELECT count(*) AS count FROM generate_series(1, 10) p(p) WHERE (substr("right"(is_near_number.one, 10), p.p, 1) <> substr("right"(is_near_number.other, 10), p.p, 1))) = 1));

ALTER FUNCTION crm.is_near_number(one text, other text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.is_same_number(one text, other text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((one = other) OR ((LEAST(length(one), length(other)) >= 9) AND (("right"(one, length(other)) = other) OR ("right"(other, length(one)) = one))));

ALTER FUNCTION crm.is_same_number(one text, other text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.likely_pairs(customers uuid[], whole boolean) RETURNS TABLE(first_id uuid, second_id uuid, score smallint, reasons text[], doubts text[])
    LANGUAGE sql STABLE
    AS $$
    WITH subject AS MATERIALIZED (
        SELECT c.id, crm.reference_marks(c.tenant_id, c.reference, c.external_references) AS referred,
            crm.birth_marks(c.tenant_id, c.birth_date, c.search_name, c.names) AS born
        FROM crm.customer c
        WHERE c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.id = ANY (customers) AND c.deleted_at IS NULL
    ), mark AS MATERIALIZED (
        SELECT s.id, 'reference' AS sign, m AS mark FROM subject s CROSS JOIN unnest(s.referred) AS m
        UNION ALL SELECT s.id, 'birth_date', m FROM subject s CROSS JOIN unnest(s.born) AS m
    ), shared_mark AS MATERIALIZED (
        SELECT k.mark, o.ids FROM (SELECT DISTINCT mark FROM mark) AS k CROSS JOIN LATERAL (
            SELECT array_agg(q.id) AS ids FROM (
                -- The tenant is in the mark; by its id another index would be entered for all of its customers.
                SELECT c.id FROM crm.customer c
                WHERE crm.marks(c.tenant_id, c.birth_date, c.search_name, c.names, c.reference, c.external_references) && ARRAY[k.mark]
                    AND c.deleted_at IS NULL LIMIT 101) AS q) AS o
        WHERE cardinality(o.ids) BETWEEN 2 AND 100
    ), point AS MATERIALIZED (
        SELECT DISTINCT p.customer_id AS id, p.channel = 'email' AS is_email,
            CASE p.channel WHEN 'email' THEN p.address_key ELSE ltrim(p.address_key, '+0') END AS key
        FROM subject s JOIN crm.contact_point p ON p.tenant_id = current_setting('mehvar.tenant_id')::uuid AND p.customer_id = s.id
        WHERE p.deleted_at IS NULL AND p.channel IN ('email', 'phone', 'sms', 'whatsapp')
    ), shared_email AS MATERIALIZED (
        SELECT k.key, o.ids FROM (SELECT DISTINCT key FROM point WHERE is_email) AS k CROSS JOIN LATERAL (
            SELECT array_agg(q.customer_id) AS ids FROM (
                SELECT p.customer_id FROM crm.contact_point p
                WHERE p.tenant_id = current_setting('mehvar.tenant_id')::uuid AND p.channel = 'email' AND p.address_key = k.key
                    AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL LIMIT 11) AS q) AS o
        WHERE cardinality(o.ids) BETWEEN 2 AND 10
    ), shared_number AS MATERIALIZED (
        SELECT k.key, o.ids FROM (SELECT DISTINCT key FROM point WHERE NOT is_email AND length(key) >= 5) AS k CROSS JOIN LATERAL (
            -- One customer may have a number on three channels.
            SELECT array_agg(DISTINCT q.customer_id) AS ids FROM (
                SELECT p.customer_id FROM crm.contact_point p
                WHERE p.tenant_id = current_setting('mehvar.tenant_id')::uuid AND p.channel IN ('phone', 'sms', 'whatsapp')
                    AND reverse(p.address_key) >= reverse(right(k.key, 9)) AND reverse(p.address_key) < reverse(right(k.key, 9)) || ':'
                    AND crm.is_same_number(ltrim(p.address_key, '+0'), k.key)
                    AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL LIMIT 31) AS q) AS o
        WHERE cardinality(o.ids) BETWEEN 2 AND 10
    ), near_number AS MATERIALIZED (
        SELECT k.key, o.customer_id AS id FROM (SELECT DISTINCT key FROM point WHERE NOT is_email AND length(key) >= 9) AS k
        CROSS JOIN LATERAL crm.near_ends(k.key) AS n (ending)
        CROSS JOIN LATERAL (
            SELECT p.customer_id, p.address_key FROM crm.contact_point p
            WHERE p.tenant_id = current_setting('mehvar.tenant_id')::uuid AND p.channel IN ('phone', 'sms', 'whatsapp')
                AND reverse(p.address_key) >= n.ending AND reverse(p.address_key) < n.ending || ':'
                AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL LIMIT 31) AS o
        WHERE crm.is_near_number(ltrim(o.address_key, '+0'), k.key)
    ), sign AS (
        SELECT m.id, o AS other, m.sign FROM mark m JOIN shared_mark s ON s.mark = m.mark CROSS JOIN unnest(s.ids) AS o
        UNION ALL SELECT p.id, o, 'email' FROM point p JOIN shared_email s ON p.is_email AND s.key = p.key CROSS JOIN unnest(s.ids) AS o
        UNION ALL SELECT p.id, o, 'phone' FROM point p JOIN shared_number s ON NOT p.is_email AND s.key = p.key CROSS JOIN unnest(s.ids) AS o
        UNION ALL SELECT p.id, n.id, 'similar_phone' FROM point p JOIN near_number n ON NOT p.is_email AND n.key = p.key
    ), pair AS MATERIALIZED (
        SELECT least(g.id, g.other) AS first_id, greatest(g.id, g.other) AS second_id, array_agg(DISTINCT g.sign) AS signs
        FROM sign g WHERE CASE WHEN whole THEN g.id < g.other ELSE g.id <> g.other END GROUP BY 1, 2
    ), compared AS MATERIALIZED (
        SELECT p.first_id, p.second_id, 'email' = ANY (p.signs) AS email, 'phone' = ANY (p.signs) AS phone,
            'reference' = ANY (p.signs) AS reference,
            'similar_phone' = ANY (p.signs) AND 'phone' <> ALL (p.signs) AS similar_phone,
            a.birth_date = b.birth_date AS birth_date, a.kind <> b.kind AS other_kind,
            crm.name_likeness(a.search_name, a.names, b.search_name, b.names) AS likeness
        FROM pair p
        JOIN crm.customer a ON a.tenant_id = current_setting('mehvar.tenant_id')::uuid AND a.id = p.first_id AND a.deleted_at IS NULL
        JOIN crm.customer b ON b.tenant_id = current_setting('mehvar.tenant_id')::uuid AND b.id = p.second_id AND b.deleted_at IS NULL
    ), scored AS (
        SELECT c.*, greatest(0,
            least(CASE WHEN c.likeness >= 0.7 THEN 100 ELSE 85 END,
                CASE WHEN c.email THEN 60 ELSE 0 END + CASE WHEN c.phone THEN 50 ELSE 0 END + CASE WHEN c.reference THEN 60 ELSE 0 END
                + CASE WHEN c.birth_date THEN 25 ELSE 0 END + CASE WHEN c.similar_phone THEN 20 ELSE 0 END
                + CASE WHEN c.likeness >= 0.5 THEN 40 * c.likeness ELSE 0 END)
            - CASE WHEN NOT c.birth_date THEN 40 ELSE 0 END - CASE WHEN c.other_kind THEN 40 ELSE 0 END)::smallint AS score
        FROM compared c
    )
    SELECT s.first_id, s.second_id, s.score,
        array_remove(ARRAY[CASE WHEN s.email THEN 'email' END, CASE WHEN s.phone THEN 'phone' END,
            CASE WHEN s.reference THEN 'reference' END, CASE WHEN s.likeness >= 0.5 THEN 'name' END,
            CASE WHEN s.birth_date THEN 'birth_date' END, CASE WHEN s.similar_phone THEN 'similar_phone' END], NULL),
        array_remove(ARRAY[CASE WHEN NOT s.birth_date THEN 'birth_date' END, CASE WHEN s.other_kind THEN 'kind' END,
            CASE WHEN s.likeness < 0.5 THEN 'name' END], NULL)
    FROM scored s WHERE s.score >= 50
$$;

ALTER FUNCTION crm.likely_pairs(customers uuid[], whole boolean) OWNER TO mehvar_owner;

CREATE FUNCTION crm.markets_below(tenant uuid, markets uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    WITH RECURSIVE below (id, level) AS (
        SELECT m.id, 1 FROM crm.market m WHERE m.tenant_id = tenant AND m.id = ANY (markets)
        UNION
        SELECT m.id, b.level + 1 FROM below b JOIN crm.market m ON m.tenant_id = tenant AND m.parent_id = b.id AND m.deleted_at IS NULL
        WHERE b.level < 200
    )
    SELECT coalesce(array_agg(DISTINCT id), '{}') FROM below
$$;

ALTER FUNCTION crm.markets_below(tenant uuid, markets uuid[]) OWNER TO mehvar_owner;

CREATE FUNCTION crm.reference_marks(tenant uuid, reference text, others jsonb) RETURNS bigint[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    marks bigint[] := '{}';
    form text;
    other record;
BEGIN
    form := crm.reference_form(reference);
    IF form <> '' THEN
        marks := ARRAY[hashtextextended(crm.word_mark(tenant) || CASE WHEN length(form) >= 8 THEN ':' ELSE '::' END || form, 0)];
    END IF;
    IF others = '{}' THEN RETURN marks; END IF;
    FOR other IN SELECT e.key, e.value FROM jsonb_each_text(others) AS e LOOP
        form := crm.reference_form(other.value);
        IF form <> '' THEN
            marks := marks || hashtextextended(
                crm.word_mark(tenant) || CASE WHEN length(form) >= 8 THEN ':' ELSE ':' || other.key || ':' END || form, 0);
        END IF;
    END LOOP;
    RETURN marks;
END
$$;

ALTER FUNCTION crm.reference_marks(tenant uuid, reference text, others jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.marks(tenant uuid, born date, search_name text, names jsonb, reference text, others jsonb) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (crm.reference_marks(tenant, reference, others) || crm.birth_marks(tenant, born, search_name, names));

ALTER FUNCTION crm.marks(tenant uuid, born date, search_name text, names jsonb, reference text, others jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.merged_into(survivor uuid) RETURNS uuid[]
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE same (id) AS (
        SELECT c.id FROM crm.customer c WHERE c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.merged_into_id = survivor
        UNION
        SELECT c.id FROM same s JOIN crm.customer c ON c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.merged_into_id = s.id
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM same
$$;

ALTER FUNCTION crm.merged_into(survivor uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.name_likeness(one text, ones jsonb, other text, others jsonb) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((ones = '{}'::jsonb) AND (others = '{}'::jsonb)) THEN public.similarity(one, other) ELSE (SELECT max(public.similarity(a.form, b.form)) AS max FROM ((SELECT name_likeness.one AS one UNION SELECT crm.normalise(e.value) AS normalise FROM jsonb_each_text(name_likeness.ones) e(key, value)) a(form) CROSS JOIN (SELECT name_likeness.other AS other UNION SELECT crm.normalise(e.value) AS normalise FROM jsonb_each_text(name_likeness.others) e(key, value)) b(form))) END;

ALTER FUNCTION crm.name_likeness(one text, ones jsonb, other text, others jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.spaced_words(normalised text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN btrim(regexp_replace(regexp_replace(normalised, '[^[:alnum:]]+'::text, ' '::text, 'g'::text), '([^ ]{100})'::text, '\1 '::text, 'g'::text));

ALTER FUNCTION crm.spaced_words(normalised text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.word_mark(tenant uuid) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN "right"((tenant)::text, 8);

ALTER FUNCTION crm.word_mark(tenant uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.name_words(tenant uuid, name text, names jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(string_to_array((crm.word_mark(tenant) || replace(crm.spaced_words(crm.normalise(CASE WHEN (names = '{}'::jsonb) THEN name ELSE ((name || ' '::text) || (jsonb_path_query_array(names, '$.*'::jsonpath))::text) END)), ' '::text, (' '::text || crm.word_mark(tenant)))), ' '::text));

ALTER FUNCTION crm.name_words(tenant uuid, name text, names jsonb) OWNER TO mehvar_owner;

CREATE FUNCTION crm.near_ends(number text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT reverse(left(right(number, 9), p - 1) || d || substr(right(number, 9), p + 1))
    FROM generate_series(4, 9) AS p, generate_series(0, 9) AS d
    WHERE length(number) >= 9 AND substr(right(number, 9), p, 1) <> d::text
    UNION ALL SELECT reverse(right(number, 6)) WHERE length(number) >= 9
$$;

ALTER FUNCTION crm.near_ends(number text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.near_words(word text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    WITH place AS (SELECT i FROM generate_series(1, length(word) + 1) AS i),
    letter AS (
        SELECT l FROM string_to_table(
            CASE WHEN word ~ '[a-z]' THEN 'abcdefghijklmnopqrstuvwxyz' ELSE 'ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی' END, NULL) AS l)
    SELECT left(word, i - 1) || substr(word, i + 1) FROM place WHERE i <= length(word)
    UNION SELECT left(word, i - 1) || substr(word, i + 1, 1) || substr(word, i, 1) || substr(word, i + 2) FROM place WHERE i < length(word)
    UNION SELECT left(word, i - 1) || l || substr(word, i + 1) FROM place, letter WHERE i <= length(word)
    UNION SELECT left(word, i - 1) || l || substr(word, i) FROM place, letter
$$;

ALTER FUNCTION crm.near_words(word text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.note_people(merging uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    INSERT INTO job.gathered (tenant_id, kind, id, queue, item)
    SELECT r.tenant_id, 'customers.refresh', gen_random_uuid(), 'default', r.row_id FROM crm.merge_row r
    WHERE r.tenant_id = current_setting('mehvar.tenant_id')::uuid AND r.merge_id = merging AND r.kind = 'person'
    ON CONFLICT DO NOTHING
$$;

ALTER FUNCTION crm.note_people(merging uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.person(person uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT jsonb_build_object(
        'customer', to_jsonb(c) - ARRAY['tenant_id', 'search_name', 'name_words', 'import_id'],
        'contact_points', (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'tenant_id' ORDER BY p.id), '[]') FROM crm.contact_point p
            WHERE p.tenant_id = c.tenant_id AND p.customer_id = c.id),
        -- Who was found to be the same, with what stayed theirs alone.
        'merged_customers', (SELECT coalesce(jsonb_agg(to_jsonb(m) - ARRAY['tenant_id', 'search_name', 'name_words', 'import_id'] || jsonb_build_object(
                'contact_points', (SELECT coalesce(jsonb_agg(to_jsonb(p) - 'tenant_id' ORDER BY p.id), '[]') FROM crm.contact_point p
                    WHERE p.tenant_id = m.tenant_id AND p.customer_id = m.id)) ORDER BY m.id), '[]')
            FROM crm.customer m WHERE m.tenant_id = c.tenant_id AND m.id = ANY (crm.merged_into(c.id)) AND m.erased_at IS NULL),
        'merges', (SELECT coalesce(jsonb_agg(to_jsonb(m) - 'tenant_id' ORDER BY m.created_at, m.id), '[]') FROM crm.merge m
            WHERE m.tenant_id = c.tenant_id AND m.survivor_id = c.id AND m.undone_at IS NULL),
        'duplicates', (SELECT coalesce(jsonb_agg(to_jsonb(d) - 'tenant_id' ORDER BY d.created_at, d.id), '[]') FROM crm.duplicate d
            WHERE d.tenant_id = c.tenant_id AND (d.first_id = c.id OR d.second_id = c.id)),
        'consents', (SELECT coalesce(jsonb_agg(to_jsonb(n) - 'tenant_id' ORDER BY n.recorded_at, n.id), '[]') FROM crm.consent_record n
            WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.id),
        'current_consents', (SELECT coalesce(jsonb_agg(to_jsonb(n) - 'tenant_id' ORDER BY n.channel), '[]') FROM crm.consent n
            WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.id),
        'suppressed_addresses', (SELECT coalesce(jsonb_agg(DISTINCT to_jsonb(s) - 'tenant_id'), '[]') FROM crm.suppression s
            JOIN crm.contact_point p ON p.tenant_id = s.tenant_id AND p.channel = s.channel AND p.address_key = s.address_key
            WHERE p.tenant_id = c.tenant_id AND p.customer_id = c.id),
        'stage_changes', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'tenant_id' ORDER BY s.changed_at, s.id), '[]') FROM crm.stage_change s
            WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.id),
        'summary', (SELECT to_jsonb(v) - ARRAY['tenant_id', 'customer_id', 'kind', 'stage', 'language', 'order_margin'] FROM crm.customer_summary v
            WHERE v.tenant_id = c.tenant_id AND v.customer_id = c.id),
        'segments', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'entered_at', m.entered_at, 'left_at', m.left_at)
                ORDER BY m.entered_at, s.id), '[]')
            FROM (
                SELECT n.tenant_id, n.segment_id, n.entered_at, NULL::timestamptz AS left_at FROM crm.segment_member n
                WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.id
                UNION ALL SELECT t.tenant_id, t.segment_id, t.entered_at, t.left_at FROM crm.segment_stay t
                WHERE t.tenant_id = c.tenant_id AND t.customer_id = c.id
            ) m JOIN crm.segment s ON s.tenant_id = m.tenant_id AND s.id = m.segment_id),
        'interactions', (SELECT coalesce(jsonb_agg(to_jsonb(i) - 'tenant_id' ORDER BY i.happened_at, i.id), '[]') FROM crm.interaction i
            WHERE i.tenant_id = c.tenant_id AND i.customer_id = c.id),
        'orders', (SELECT coalesce(jsonb_agg(to_jsonb(o) - ARRAY['tenant_id', 'import_id', 'margin_amount'] || jsonb_build_object(
                'lines', (SELECT coalesce(jsonb_agg(to_jsonb(l) - ARRAY['tenant_id', 'order_id', 'unit_cost'] ORDER BY l.number), '[]')
                    FROM crm.order_line l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id),
                'returns', (SELECT coalesce(jsonb_agg(to_jsonb(r) - ARRAY['tenant_id', 'order_id'] ORDER BY r.id), '[]')
                    FROM crm.order_return r WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id)) ORDER BY o.happened_at, o.id), '[]')
            FROM crm.customer_order o WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id),
        'invitations', (SELECT coalesce(jsonb_agg(to_jsonb(i) - ARRAY['tenant_id', 'recipient_id', 'member_id'] ORDER BY i.planned_at, i.id), '[]')
            FROM crm.invitation i WHERE i.tenant_id = c.tenant_id AND i.recipient_id = c.id),
        'responses', (SELECT coalesce(jsonb_agg(to_jsonb(r) - ARRAY['tenant_id', 'member_id'] || jsonb_build_object(
                'answers', (SELECT coalesce(jsonb_agg(to_jsonb(a) - ARRAY['tenant_id', 'response_id'] ORDER BY a.question_id), '[]')
                    FROM crm.answer a WHERE a.tenant_id = r.tenant_id AND a.response_id = r.id)) ORDER BY r.submitted_at, r.id), '[]')
            FROM crm.response r WHERE r.tenant_id = c.tenant_id AND r.customer_id = c.id),
        'changes', (SELECT coalesce(jsonb_agg(jsonb_build_object('action', e.action, 'occurred_at', e.occurred_at, 'data', e.data,
                -- Those of orders tell the business's costs; the orders stand above.
                'changes', CASE WHEN e.object_kind <> 'order' THEN e.changes END,
                'values', CASE WHEN e.object_kind <> 'order' THEN p.changes END) ORDER BY e.occurred_at, e.id), '[]')
            FROM crm.event e LEFT JOIN crm.event_personal p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
            WHERE e.tenant_id = c.tenant_id AND e.object_id = ANY (ARRAY[c.id]
                || crm.merged_into(c.id)
                || ARRAY(SELECT i.id FROM crm.interaction i WHERE i.tenant_id = c.tenant_id AND i.customer_id = c.id)
                || ARRAY(SELECT o.id FROM crm.customer_order o WHERE o.tenant_id = c.tenant_id AND o.customer_id = c.id))))
    FROM crm.customer c
    WHERE c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.id = person AND c.erased_at IS NULL AND c.merged_into_id IS NULL
$$;

ALTER FUNCTION crm.person(person uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.rank_customers(tenant uuid) RETURNS void
    LANGUAGE sql
    AS $$
    UPDATE crm.customer_summary s SET tier = r.tier, recency = r.recency, frequency = r.frequency, money = r.money
    FROM (
        SELECT b.customer_id,
            CASE WHEN b.amount = 0 THEN NULL WHEN b.better < 0.80 * b.total THEN 'a' WHEN b.better < 0.95 * b.total THEN 'b' ELSE 'c' END AS tier,
            least(5, 1 + floor(5 * b.recency)) AS recency, least(5, 1 + floor(5 * b.frequency)) AS frequency,
            least(5, 1 + floor(5 * b.money)) AS money
        FROM (
            SELECT x.customer_id, x.amount,
                sum(x.amount) OVER (ORDER BY x.amount DESC, x.customer_id ROWS UNBOUNDED PRECEDING) - x.amount AS better,
                sum(x.amount) OVER () AS total,
                percent_rank() OVER (ORDER BY x.last_ordered_on) AS recency,
                percent_rank() OVER (ORDER BY x.order_count) AS frequency,
                percent_rank() OVER (ORDER BY x.amount) AS money
            FROM (
                SELECT v.customer_id, v.last_ordered_on, v.order_count, greatest(v.order_amount, 0) AS amount
                FROM crm.customer_summary v WHERE v.tenant_id = tenant AND v.order_count > 0
            ) x
        ) b
    ) r
    WHERE s.tenant_id = tenant AND s.customer_id = r.customer_id
        AND (s.tier, s.recency, s.frequency, s.money) IS DISTINCT FROM (r.tier, r.recency, r.frequency, r.money)
$$;

ALTER FUNCTION crm.rank_customers(tenant uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.recompute_scores(tenant uuid, counted_day date, zone text) RETURNS void
    LANGUAGE sql
    AS $$
    DELETE FROM crm.score_day WHERE tenant_id = tenant AND day = counted_day;

    INSERT INTO crm.score_day (tenant_id, metric, day, scope, scope_key, sent, answers, promoters, passives, detractors, sum,
        sum_of_squares)
    WITH counted AS (
        -- By the language of the invitation, as what was sent: an answer belongs to its own sending.
        SELECT r.metric, r.segment_id, r.campaign_id, i.language, 0 AS sent, a.score::integer AS score
        FROM crm.response r
        JOIN crm.invitation i ON i.tenant_id = r.tenant_id AND i.id = r.invitation_id
        JOIN crm.survey_version v ON v.tenant_id = r.tenant_id AND v.survey_id = r.survey_id AND v.version = r.survey_version
        JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id AND a.question_id = v.metric_question
        WHERE r.tenant_id = tenant AND a.score IS NOT NULL
            AND r.submitted_at >= counted_day::timestamp AT TIME ZONE zone
            AND r.submitted_at < (counted_day + 1)::timestamp AT TIME ZONE zone
        UNION ALL
        SELECT v.metric, i.segment_id, i.campaign_id, i.language, 1, NULL
        FROM crm.invitation i
        JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
        JOIN crm.survey_version v ON v.tenant_id = c.tenant_id AND v.survey_id = c.survey_id AND v.version = c.survey_version
        WHERE i.tenant_id = tenant
            AND i.sent_at >= counted_day::timestamp AT TIME ZONE zone
            AND i.sent_at < (counted_day + 1)::timestamp AT TIME ZONE zone
    ), scoped AS (
        SELECT metric, 'tenant' AS scope, '' AS scope_key, sent, score FROM counted
        UNION ALL SELECT metric, 'segment', segment_id::text, sent, score FROM counted
        UNION ALL SELECT metric, 'campaign', campaign_id::text, sent, score FROM counted
        UNION ALL SELECT metric, 'language', language, sent, score FROM counted
    ), graded AS (
        SELECT *, CASE metric WHEN 'csat' THEN 4 WHEN 'ces' THEN 5 ELSE 9 END AS favourable,
            CASE metric WHEN 'csat' THEN 2 WHEN 'ces' THEN 3 ELSE 6 END AS unfavourable
        FROM scoped
    )
    SELECT tenant, metric, counted_day, scope, scope_key, sum(sent), count(score),
        count(*) FILTER (WHERE score >= favourable),
        count(*) FILTER (WHERE score > unfavourable AND score < favourable),
        count(*) FILTER (WHERE score <= unfavourable),
        coalesce(sum(score), 0), coalesce(sum(score * score), 0)
    FROM graded GROUP BY metric, scope, scope_key
    ON CONFLICT (tenant_id, metric, scope, scope_key, day) DO UPDATE SET sent = excluded.sent, answers = excluded.answers,
        promoters = excluded.promoters, passives = excluded.passives, detractors = excluded.detractors, sum = excluded.sum,
        sum_of_squares = excluded.sum_of_squares, computed_at = excluded.computed_at
$$;

ALTER FUNCTION crm.recompute_scores(tenant uuid, counted_day date, zone text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.reference_form(reference text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(crm.normalise(reference), '[^[:alnum:]]+'::text, ''::text, 'g'::text), '(^|[^0-9])0+(?=[0-9])'::text, '\1'::text, 'g'::text);

ALTER FUNCTION crm.reference_form(reference text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.rename_tenant(renamed uuid, new_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF renamed IS DISTINCT FROM current_setting('mehvar.tenant_id')::uuid THEN
        RAISE EXCEPTION 'another tenant' USING ERRCODE = '42501';
    END IF;
    UPDATE platform.tenant SET name = new_name, version = version + 1, updated_at = now() WHERE id = renamed;
END
$$;

ALTER FUNCTION crm.rename_tenant(renamed uuid, new_name text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.search_customers(asked text, most integer) RETURNS TABLE(customer_id uuid, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_indexscan TO 'off'
    SET enable_indexonlyscan TO 'off'
    SET jit TO 'off'
    SET work_mem TO '32MB'
    SET gin_fuzzy_search_limit TO '0'
    AS $_$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    wanted constant text := crm.normalise(asked);
    number constant text := crm.address_key('phone', asked);
    digits constant text := ltrim(regexp_replace(number, '[^0-9]', '', 'g'), '0');
    is_number constant boolean := wanted !~ '[^0-9+() .-]';
    -- As typed, in other digits, and in large letters, as most have it.
    numbers constant text[] := ARRAY[btrim(asked), wanted, upper(wanted)];
    words constant text[] := (array_remove(string_to_array(crm.spaced_words(wanted), ' '), ''))[1:8];
    word text;
    place integer;
    known integer;
    is_known boolean[] := '{}';
    is_other boolean := false;
    exactly tsquery;
    parts tsquery[] := '{}';
    loosely tsquery;
    near tsquery;
    candidates uuid[] := '{}';
    sure uuid[];
    named uuid[] := '{}';
    addressed uuid[] := '{}';
BEGIN
    -- What names one customer alone.
    sure := ARRAY(
        SELECT c.id FROM crm.customer c WHERE c.tenant_id = tenant AND c.reference = ANY (numbers) AND c.deleted_at IS NULL
        UNION (SELECT r.customer_id FROM crm.customer_reference r WHERE r.tenant_id = tenant AND r.reference = ANY (numbers) LIMIT 100)
        UNION (SELECT p.customer_id FROM crm.contact_point p
            WHERE p.tenant_id = tenant AND p.channel = 'email' AND p.address_key >= wanted AND p.address_key < wanted || U&'\+10FFFD'
                AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL AND wanted ~ '@' LIMIT 100)
        UNION (SELECT p.customer_id FROM crm.contact_point p
            WHERE p.tenant_id = tenant AND p.channel IN ('phone', 'sms', 'whatsapp')
                AND reverse(p.address_key) >= reverse(digits) AND reverse(p.address_key) < reverse(digits) || ':'
                AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL AND length(digits) >= 4 AND is_number LIMIT 100));
    -- The tenant is in the words; by its id another index would be entered for all of its customers.
    IF cardinality(words) > 0 THEN
        FOREACH word IN ARRAY words LOOP
            exactly := CASE WHEN exactly IS NULL THEN crm.word_query(word, false) ELSE exactly && crm.word_query(word, false) END;
        END LOOP;
        -- What some write as one word, as many Persian names: two that follow each other as one, with the others.
        FOR place IN 1..cardinality(words) - 1 LOOP
            CONTINUE WHEN words[place] || words[place + 1] !~ U&'^[\0600-\06FF]+$';
            near := crm.word_query(words[place] || words[place + 1], false);
            FOREACH word IN ARRAY words[1:place - 1] || words[place + 2:] LOOP near := near && crm.word_query(word, false); END LOOP;
            parts := parts || near;
        END LOOP;
        FOREACH near IN ARRAY parts LOOP exactly := exactly || near; END LOOP;
        parts := '{}';
        -- Of several words chance would lose those who have all.
        IF cardinality(words) = 1 THEN PERFORM set_config('gin_fuzzy_search_limit', '50000', true); END IF;
        candidates := ARRAY(
            SELECT c.id FROM crm.customer c WHERE c.name_words @@ exactly AND c.deleted_at IS NULL LIMIT 1000);
    END IF;
    IF cardinality(candidates) < most AND wanted ~ '^[a-z0-9][a-z0-9._+-]{2,63}$' THEN
        named := ARRAY(SELECT crm.customers_by_address('email', wanted || '@', 10));
        addressed := named || ARRAY(SELECT crm.customers_by_address('email', wanted, 10));
    END IF;
    -- As numbers are typed that are not whole yet, from home and from abroad.
    IF is_number AND number ~ '^[0+][0-9]{4}' THEN
        addressed := addressed || ARRAY(
            SELECT crm.customers_by_address(k.channel, regexp_replace(number, '^(?:\+|00)98', '0'), 10)
            FROM (VALUES ('phone'), ('sms'), ('whatsapp')) AS k (channel));
    END IF;
    IF cardinality(words) > 0 AND cardinality(candidates) < most THEN
        FOR place IN 1..cardinality(words) LOOP
            -- Some of those who have the word, whatever their number.
            PERFORM set_config('gin_fuzzy_search_limit', '50', true);
            SELECT count(*) INTO known FROM (
                SELECT FROM crm.customer c WHERE c.name_words @@ crm.word_query(words[place], false) AND c.deleted_at IS NULL LIMIT 25) AS k;
            PERFORM set_config('gin_fuzzy_search_limit', CASE WHEN cardinality(words) = 1 THEN '50000' ELSE '0' END, true);
            -- A word that many are called by is a whole one, but for the last, which may still be being typed.
            near := crm.word_query(words[place], known < 25 OR place = cardinality(words));
            parts := parts || near;
            loosely := CASE WHEN loosely IS NULL THEN near ELSE loosely && near END;
            is_known := is_known || (known > 0);
        END LOOP;
        candidates := candidates || ARRAY(
            SELECT c.id FROM crm.customer c WHERE c.name_words @@ loosely AND c.deleted_at IS NULL LIMIT 1000);
        IF candidates = '{}' AND addressed = '{}' THEN
            loosely := NULL;
            FOR place IN 1..cardinality(words) LOOP
                near := NULL;
                -- By what nobody is called, somebody may be called nearly.
                IF NOT is_known[place] AND length(words[place]) >= 4 AND NOT EXISTS (
                    SELECT FROM crm.customer c WHERE c.name_words @@ parts[place] AND c.deleted_at IS NULL LIMIT 1)
                THEN
                    SELECT string_agg(q.query::text, ' | ')::tsquery INTO near
                    FROM (SELECT crm.word_query(n.word, false) AS query FROM crm.near_words(words[place]) AS n (word)
                        WHERE length(n.word) > 2 AND EXISTS (
                            SELECT FROM crm.customer c WHERE c.name_words @@ crm.word_query(n.word, false) AND c.deleted_at IS NULL LIMIT 1)
                        LIMIT 20) AS q;
                END IF;
                near := coalesce(near, parts[place]);
                -- What is typed as one word others write as two.
                SELECT coalesce(near || string_agg('(' || q.query::text || ')', ' | ')::tsquery, near) INTO near
                FROM (SELECT k.query FROM generate_series(2, length(words[place]) - 2) AS i (cut) CROSS JOIN LATERAL (
                        SELECT crm.word_query(left(words[place], i.cut), false) && crm.word_query(substr(words[place], i.cut + 1), false)) AS k (query)
                    WHERE words[place] ~ U&'^[\0600-\06FF]+$' AND EXISTS (
                        SELECT FROM crm.customer c WHERE c.name_words @@ k.query AND c.deleted_at IS NULL LIMIT 1)
                    LIMIT 5) AS q;
                is_other := is_other OR near <> parts[place];
                loosely := CASE WHEN loosely IS NULL THEN near ELSE loosely && near END;
            END LOOP;
            IF is_other THEN
                candidates := ARRAY(
                    SELECT c.id FROM crm.customer c WHERE c.name_words @@ loosely AND c.deleted_at IS NULL LIMIT 1000);
            END IF;
        END IF;
    END IF;
    RETURN QUERY
        SELECT c.id, (CASE WHEN c.id = ANY (sure) THEN 2 WHEN c.id = ANY (named) THEN 1 WHEN c.id = ANY (addressed) THEN 0.5 ELSE 0 END
            + public.similarity(c.search_name, wanted)
            -- As good as half a name in the script that the business usually writes.
            + CASE WHEN c.names = '{}' THEN 0
                ELSE 0.5 * public.word_similarity(wanted, crm.normalise(jsonb_path_query_array(c.names, '$.*')::text)) END)::real
        FROM crm.customer c
        WHERE c.tenant_id = tenant AND c.id = ANY (sure || candidates || addressed) AND c.deleted_at IS NULL
        ORDER BY 2 DESC, c.search_name, c.id LIMIT most;
END
$_$;

ALTER FUNCTION crm.search_customers(asked text, most integer) OWNER TO mehvar_owner;

CREATE FUNCTION crm.set_tenant(tenant uuid) RETURNS text
    LANGUAGE sql
    AS $$ SELECT set_config('mehvar.tenant_id', tenant::text, true) $$;

ALTER FUNCTION crm.set_tenant(tenant uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.settle_consents(tenant uuid, customer uuid) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    DELETE FROM crm.consent k WHERE k.tenant_id = tenant AND k.customer_id = customer
        AND NOT EXISTS (SELECT FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer AND n.channel = k.channel);

    INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source, given_at, recorded_at)
    SELECT DISTINCT ON (n.channel) n.tenant_id, n.customer_id, n.channel, n.is_granted, n.source, n.given_at, n.recorded_at
    FROM crm.consent_record n WHERE n.tenant_id = tenant AND n.customer_id = customer
        -- A file undoes no refusal that a customer said in another way.
        AND NOT (n.is_granted AND n.source = 'import' AND EXISTS (SELECT FROM crm.consent_record o
            WHERE o.tenant_id = tenant AND o.customer_id = customer AND o.channel = n.channel AND o.source <> 'import' AND NOT o.is_granted
                AND NOT EXISTS (SELECT FROM crm.consent_record l WHERE l.tenant_id = tenant AND l.customer_id = customer
                    AND l.channel = n.channel AND l.source <> 'import'
                    AND (l.given_at, l.recorded_at, l.id) > (o.given_at, o.recorded_at, o.id))))
    ORDER BY n.channel, n.given_at DESC, n.recorded_at DESC, n.id DESC
    ON CONFLICT (tenant_id, customer_id, channel) DO UPDATE SET is_granted = excluded.is_granted, source = excluded.source,
        given_at = excluded.given_at, recorded_at = excluded.recorded_at
$$;

ALTER FUNCTION crm.settle_consents(tenant uuid, customer uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.summarise(tenant uuid, currency text, customers uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    -- A plan for a few customers is not one for all of them.
    narrowed text := CASE WHEN customers IS NULL THEN '' ELSE 'AND %s = ANY ($3)' END;
BEGIN
    EXECUTE format(
        $query$
        WITH ordered AS (
            SELECT o.customer_id, count(*) AS order_count, coalesce(sum(o.amount - o.returned_amount) FILTER (WHERE o.currency = $2), 0) AS order_amount,
                sum(o.margin_amount) FILTER (WHERE o.currency = $2) AS order_margin, min(o.ordered_on) AS first_ordered_on,
                max(o.ordered_on) AS last_ordered_on
            FROM crm.customer_order o WHERE o.tenant_id = $1 AND o.deleted_at IS NULL %1$s GROUP BY o.customer_id
        ), met AS (
            SELECT i.customer_id, count(*) AS interaction_count, max(i.happened_at) AS last_interaction_at,
                avg(i.satisfaction) AS satisfaction
            FROM crm.interaction i WHERE i.tenant_id = $1 AND i.deleted_at IS NULL %2$s GROUP BY i.customer_id
        ), answered AS (
            SELECT r.customer_id, max(r.submitted_at) AS last_response_at,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'nps' AND a.score IS NOT NULL))[1] AS nps,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'csat' AND a.score IS NOT NULL))[1] AS csat,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'ces' AND a.score IS NOT NULL))[1] AS ces
            FROM crm.response r
            JOIN crm.survey_version w ON w.tenant_id = r.tenant_id AND w.survey_id = r.survey_id AND w.version = r.survey_version
            -- The question that scores are made of.
            LEFT JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id AND a.question_id = w.metric_question
            WHERE r.tenant_id = $1 AND r.customer_id IS NOT NULL %3$s GROUP BY r.customer_id
        ), found AS MATERIALIZED (
            SELECT c.id AS customer_id, c.kind, c.stage, c.language, coalesce(o.order_count, 0)::integer AS order_count,
                coalesce(o.order_amount, 0) AS order_amount, o.order_margin, o.first_ordered_on, o.last_ordered_on,
                coalesce(m.interaction_count, 0)::integer AS interaction_count, m.last_interaction_at,
                round(m.satisfaction, 2)::numeric(4, 2) AS satisfaction, a.nps, a.csat, a.ces, a.last_response_at
            FROM crm.customer c LEFT JOIN ordered o ON o.customer_id = c.id LEFT JOIN met m ON m.customer_id = c.id
                LEFT JOIN answered a ON a.customer_id = c.id
            WHERE c.tenant_id = $1 AND c.deleted_at IS NULL %5$s
        ), gone AS (
            DELETE FROM crm.customer_summary s WHERE s.tenant_id = $1 %4$s
                AND NOT EXISTS (SELECT FROM found f WHERE f.customer_id = s.customer_id)
        )
        INSERT INTO crm.customer_summary AS s (tenant_id, customer_id, kind, stage, language, order_count, order_amount, order_margin,
            first_ordered_on, last_ordered_on, interaction_count, last_interaction_at, satisfaction, nps, csat, ces, last_response_at)
        SELECT $1, f.customer_id, f.kind, f.stage, f.language, f.order_count, f.order_amount, f.order_margin, f.first_ordered_on,
            f.last_ordered_on, f.interaction_count, f.last_interaction_at, f.satisfaction, f.nps, f.csat, f.ces, f.last_response_at
        FROM found f
        -- What stands there already is left alone: a conflict would lock the row, and so write it.
        WHERE NOT EXISTS (
            SELECT FROM crm.customer_summary k WHERE k.tenant_id = $1 AND k.customer_id = f.customer_id %6$s
                AND (k.kind, k.stage, k.language, k.order_count, k.order_amount, k.order_margin, k.first_ordered_on, k.last_ordered_on,
                        k.interaction_count, k.last_interaction_at, k.satisfaction, k.nps, k.csat, k.ces, k.last_response_at)
                    IS NOT DISTINCT FROM (f.kind, f.stage, f.language, f.order_count, f.order_amount, f.order_margin, f.first_ordered_on,
                        f.last_ordered_on, f.interaction_count, f.last_interaction_at, f.satisfaction, f.nps, f.csat, f.ces,
                        f.last_response_at))
        -- As everybody locks customers, whom the foreign key looks at.
        ORDER BY f.customer_id
        ON CONFLICT (tenant_id, customer_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, language = excluded.language,
            order_count = excluded.order_count, order_amount = excluded.order_amount, order_margin = excluded.order_margin,
            first_ordered_on = excluded.first_ordered_on, last_ordered_on = excluded.last_ordered_on,
            interaction_count = excluded.interaction_count, last_interaction_at = excluded.last_interaction_at,
            satisfaction = excluded.satisfaction, nps = excluded.nps, csat = excluded.csat, ces = excluded.ces,
            last_response_at = excluded.last_response_at,
            -- Who has bought nothing is compared with nobody.
            tier = CASE WHEN excluded.order_count > 0 THEN s.tier END,
            recency = CASE WHEN excluded.order_count > 0 THEN s.recency END,
            frequency = CASE WHEN excluded.order_count > 0 THEN s.frequency END,
            money = CASE WHEN excluded.order_count > 0 THEN s.money END
        $query$, format(narrowed, 'o.customer_id'), format(narrowed, 'i.customer_id'), format(narrowed, 'r.customer_id'), format(narrowed, 's.customer_id'),
        format(narrowed, 'c.id'), format(narrowed, 'k.customer_id'))
    USING tenant, currency, customers;
END
$_$;

ALTER FUNCTION crm.summarise(tenant uuid, currency text, customers uuid[]) OWNER TO mehvar_owner;

CREATE FUNCTION crm.survivor_of(tenant uuid, customer uuid) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE chain (id, next, level) AS (
        SELECT c.id, c.merged_into_id, 1 FROM crm.customer c WHERE c.tenant_id = tenant AND c.id = customer
        UNION ALL
        SELECT c.id, c.merged_into_id, p.level + 1 FROM chain p JOIN crm.customer c ON c.tenant_id = tenant AND c.id = p.next
        WHERE p.level < 1000
    )
    SELECT p.id FROM chain p WHERE p.next IS NULL
$$;

ALTER FUNCTION crm.survivor_of(tenant uuid, customer uuid) OWNER TO mehvar_owner;

CREATE FUNCTION crm.tenant_named(named text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ SELECT t.id FROM platform.tenant t WHERE t.slug = named $$;

ALTER FUNCTION crm.tenant_named(named text) OWNER TO mehvar_owner;

CREATE FUNCTION crm.word_query(word text, begins boolean) RETURNS tsquery
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN ((((''''::text || crm.word_mark((current_setting('mehvar.tenant_id'::text))::uuid)) || word) || CASE WHEN begins THEN ''':*'::text ELSE ''''::text END))::tsquery;

ALTER FUNCTION crm.word_query(word text, begins boolean) OWNER TO mehvar_owner;

CREATE FUNCTION crm.written(text text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT format(CASE WHEN length(text) < 5 THEN '(?<![[:alnum:]])(?:%s)(?![[:alnum:]])' ELSE '%s' END,
        string_agg(format(CASE WHEN a.letter IN ('"', '\') THEN '(?:\\?\U%s{1,2}|%s)' ELSE '(?:\\?\U%s|%s)' END, lpad(to_hex(ascii(a.letter)), 8, '0'),
        (SELECT string_agg(DISTINCT CASE
                WHEN u.code < 65536 THEN '\\u' || lpad(to_hex(u.code), 4, '0')
                ELSE '\\u' || to_hex(55296 + ((u.code - 65536) >> 10)) || '\\u' || to_hex(56320 + ((u.code - 65536) & 1023)) END, '|')
            FROM unnest(ARRAY[ascii(a.letter), ascii(lower(a.letter)), ascii(upper(a.letter))]) AS u (code))), '' ORDER BY a.place))
    FROM regexp_split_to_table(text, '') WITH ORDINALITY AS a (letter, place)
$$;

ALTER FUNCTION crm.written(text text) OWNER TO mehvar_owner;

CREATE FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[]) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT job.archive(tenants, ids, leases, outcomes, NULL) $$;

ALTER FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[], places tid[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    moved bigint := 0;
    found_now bigint;
    batch_tenants uuid[];
    batches uuid[];
    batch_outcomes text[];
    tenants_now uuid[];
    batches_now uuid[];
    outcomes_now text[];
BEGIN
    FOR pass IN 1..2 LOOP
        IF pass = 2 OR places IS NULL THEN
            SELECT array_agg(tenants[r.number]), array_agg(ids[r.number]), array_agg(leases[r.number]),
                array_agg(outcomes[r.number]), array_agg(r.place)
            INTO tenants, ids, leases, outcomes, places
            FROM job.lock_runs(tenants, ids, leases) r;
            EXIT WHEN ids IS NULL;
        END IF;
        WITH finished AS (
            DELETE FROM job.job j
            USING unnest(tenants, ids, leases, outcomes, places) AS o (tenant_id, id, lease, outcome, place)
            -- Compared in a way that no index helps with.
            WHERE j.ctid = o.place AND j.tenant_id IS NOT DISTINCT FROM o.tenant_id AND j.id IS NOT DISTINCT FROM o.id
                AND j.lease = o.lease AND j.worker_id IS NOT NULL
            RETURNING j.tenant_id, j.id, j.queue, j.kind, j.version, o.outcome, j.attempt, j.rescues, j.lease, j.unique_key,
                j.errors, j.created_at, j.run_at, j.started_at, j.batch_id
        ), archived AS (
            INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
                created_at, run_at, started_at, batch_id)
            SELECT tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors, created_at,
                run_at, started_at, batch_id
            FROM finished
        )
        SELECT count(*), array_agg(f.tenant_id) FILTER (WHERE f.batch_id IS NOT NULL),
            array_agg(f.batch_id) FILTER (WHERE f.batch_id IS NOT NULL),
            array_agg(f.outcome) FILTER (WHERE f.batch_id IS NOT NULL)
        INTO found_now, tenants_now, batches_now, outcomes_now
        FROM finished f;
        moved := moved + found_now;
        batch_tenants := batch_tenants || tenants_now;
        batches := batches || batches_now;
        batch_outcomes := batch_outcomes || outcomes_now;
        EXIT WHEN moved = cardinality(ids);
    END LOOP;
    -- Once, so that the rows of batches are locked in one order.
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, batch_outcomes);
    END IF;
    RETURN moved;
END
$$;

ALTER FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[], places tid[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.archive_completed(tenants uuid[], ids uuid[], leases bigint[], places tid[]) RETURNS bigint
    LANGUAGE sql
    AS $$ SELECT job.archive(tenants, ids, leases, array_fill('completed'::text, ARRAY[cardinality(ids)]), places) $$;

ALTER FUNCTION job.archive_completed(tenants uuid[], ids uuid[], leases bigint[], places tid[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.bury(tenants uuid[], ids uuid[], leases bigint[], reasons text[], rescued integer[], failures jsonb[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
    numbers bigint[];
    places tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    SELECT array_agg(r.number), array_agg(r.place) INTO numbers, places FROM job.lock_runs(tenants, ids, leases) r;
    WITH buried AS (
        DELETE FROM job.job j USING unnest(numbers, places) AS o (number, place) WHERE j.ctid = o.place
        RETURNING j.*, reasons[o.number] AS reason, rescued[o.number] AS rescued, failures[o.number] AS failures
    ), written AS (
        INSERT INTO job.dead AS kept (tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues, lease,
            unique_key, parameters, errors, created_at, run_at, batch_id, cost, deadline)
        SELECT tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues + rescued, lease,
            unique_key, parameters, errors || failures, created_at, run_at, batch_id, cost, deadline
        FROM buried
        -- An earlier job with the same id died too: the later one takes its place.
        ON CONFLICT (tenant_id, id) DO UPDATE SET queue = excluded.queue, kind = excluded.kind, version = excluded.version,
            priority = excluded.priority, reason = excluded.reason, attempt = excluded.attempt,
            max_attempts = excluded.max_attempts, rescues = excluded.rescues, lease = excluded.lease,
            unique_key = excluded.unique_key, parameters = excluded.parameters, errors = kept.errors || excluded.errors,
            created_at = excluded.created_at, run_at = excluded.run_at, died_at = excluded.died_at,
            batch_id = excluded.batch_id, cost = excluded.cost, deadline = excluded.deadline
    )
    SELECT count(*), array_agg(b.tenant_id) FILTER (WHERE b.batch_id IS NOT NULL),
        array_agg(b.batch_id) FILTER (WHERE b.batch_id IS NOT NULL)
    INTO moved, batch_tenants, batches
    FROM buried b;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('dead'::text, ARRAY[cardinality(batches)]));
    END IF;
    RETURN moved;
END
$$;

ALTER FUNCTION job.bury(tenants uuid[], ids uuid[], leases bigint[], reasons text[], rescued integer[], failures jsonb[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.cancel(tenants uuid[], ids uuid[], OUT cancelled bigint, OUT asked bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    waiting tid[];
    running tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    -- Locked first, so that each job is found in one state: waiting or running.
    SELECT array_agg(j.place) FILTER (WHERE NOT j.runs), array_agg(j.place) FILTER (WHERE j.runs) INTO waiting, running
    FROM (SELECT * FROM unnest(tenants, ids) AS o (tenant_id, id) ORDER BY tenant_id, id) o
    CROSS JOIN LATERAL (
        SELECT j.ctid AS place, j.state = 'running' AS runs FROM job.job j
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id LIMIT 1 FOR UPDATE
    ) j;
    WITH removed AS (
        DELETE FROM job.job j WHERE j.ctid = ANY (waiting)
        RETURNING j.*
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at, started_at, batch_id)
        SELECT tenant_id, id, queue, kind, version, 'cancelled', attempt, rescues, lease, unique_key, errors, created_at,
            run_at, started_at, batch_id
        FROM removed
    )
    SELECT count(*), array_agg(r.tenant_id) FILTER (WHERE r.batch_id IS NOT NULL),
        array_agg(r.batch_id) FILTER (WHERE r.batch_id IS NOT NULL)
    INTO cancelled, batch_tenants, batches
    FROM removed r;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('cancelled'::text, ARRAY[cardinality(batches)]));
    END IF;
    WITH flagged AS (
        UPDATE job.job j SET cancel_requested_at = coalesce(j.cancel_requested_at, now()) WHERE j.ctid = ANY (running)
        RETURNING j.id
    )
    SELECT count(*) INTO asked FROM flagged;
END
$$;

ALTER FUNCTION job.cancel(tenants uuid[], ids uuid[], OUT cancelled bigint, OUT asked bigint) OWNER TO mehvar_owner;

CREATE FUNCTION job.claim_limited(worker uuid, kinds text[], versions integer[], tenant uuid, claimed_queue text, slots integer) RETURNS TABLE(tenant_id uuid, id uuid, lease bigint, queue text, kind text, priority smallint, run_at timestamp with time zone, attempt integer, max_attempts integer, is_unique boolean, parameters jsonb, created_at timestamp with time zone, deadline timestamp with time zone)
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    free integer := slots;
    cap integer;
    bucket job.tenant_queue;
    is_rated boolean;
    moment timestamptz;
    available double precision := 'infinity';
    spent bigint;
    chosen tid[];
BEGIN
    SELECT t.max_running INTO cap FROM job.tenant t
    WHERE t.tenant_id = tenant AND NOT t.is_held FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO bucket FROM job.tenant_queue q WHERE q.tenant_id = tenant AND q.queue = claimed_queue FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND AND EXISTS (SELECT FROM job.tenant_queue q WHERE q.tenant_id = tenant AND q.queue = claimed_queue) THEN
        RETURN;
    END IF;
    is_rated := bucket.rate IS NOT NULL;
    IF bucket.is_paused THEN
        RETURN;
    END IF;
    IF cap IS NOT NULL THEN
        SELECT least(free, cap - count(*)) INTO free
        FROM (SELECT FROM job.job r WHERE r.tenant_id = tenant AND r.state = 'running' LIMIT cap) r;
    END IF;
    -- By the clock and not by the transaction's beginning, which may be long ago.
    moment := clock_timestamp();
    IF is_rated THEN
        bucket.burst := coalesce(bucket.burst, greatest(1, bucket.rate / 20));
        available := least(bucket.burst,
            bucket.tokens + bucket.rate * greatest(0, extract(epoch FROM moment - bucket.refilled_at)));
    END IF;
    IF free <= 0 THEN
        RETURN;
    END IF;

    -- What one job costs beyond the burst is owed: it starts when the bucket is full.
    SELECT array_agg(f.place), sum(f.cost) INTO chosen, spent
    FROM (
        SELECT c.place, c.cost, sum(c.cost) OVER w AS needed, row_number() OVER w AS turn
        FROM (
            SELECT j.ctid AS place, j.id, j.cost, j.priority, j.run_at FROM job.job j
            WHERE j.tenant_id = tenant AND j.queue = claimed_queue AND j.state = 'ready'
                AND j.version <= versions[array_position(kinds, j.kind)]
                AND (j.unique_key IS NULL OR (
                    SELECT true FROM job.job r
                    WHERE r.tenant_id = j.tenant_id AND r.unique_key = j.unique_key AND r.state = 'running' LIMIT 1) IS NULL)
            ORDER BY j.priority, j.run_at, j.id LIMIT free FOR UPDATE OF j SKIP LOCKED
        ) c
        WINDOW w AS (ORDER BY c.priority, c.run_at, c.id)
    ) f
    WHERE f.needed <= available OR f.turn = 1 AND available >= bucket.burst;
    IF chosen IS NULL THEN
        RETURN;
    END IF;
    IF is_rated THEN
        UPDATE job.tenant_queue q SET tokens = available - spent, refilled_at = moment
        WHERE q.tenant_id = tenant AND q.queue = claimed_queue;
    END IF;
    RETURN QUERY
        UPDATE job.job j
        SET state = 'running', lease = j.lease + 1, attempt = j.attempt + 1, worker_id = worker, started_at = moment
        WHERE j.ctid = ANY (chosen)
        RETURNING j.tenant_id, j.id, j.lease, j.queue, j.kind, j.priority, j.run_at, j.attempt, j.max_attempts,
            j.unique_key IS NOT NULL, j.parameters, j.created_at, j.deadline;
END
$$;

ALTER FUNCTION job.claim_limited(worker uuid, kinds text[], versions integer[], tenant uuid, claimed_queue text, slots integer) OWNER TO mehvar_owner;

CREATE FUNCTION job.close_batch(tenant uuid, closed uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE job.batch SET is_open = false WHERE tenant_id = tenant AND id = closed AND is_open;
    IF FOUND THEN
        PERFORM job.count_in_batches(ARRAY[tenant], ARRAY[closed], ARRAY['none']);
    END IF;
END
$$;

ALTER FUNCTION job.close_batch(tenant uuid, closed uuid) OWNER TO mehvar_owner;

CREATE FUNCTION job.complete(job_id uuid, job_lease bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
BEGIN
    IF job.archive(ARRAY[current_setting('mehvar.tenant_id')::uuid], ARRAY[job_id], ARRAY[job_lease], ARRAY['completed'],
        NULL) <> 1
    THEN
        RAISE EXCEPTION 'the job does not run under this lease any more' USING ERRCODE = 'JQ001';
    END IF;
END
$$;

ALTER FUNCTION job.complete(job_id uuid, job_lease bigint) OWNER TO mehvar_owner;

CREATE FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

ALTER FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.extend_batch(tenant uuid, extended uuid, jobs bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    UPDATE job.batch SET total = total + jobs WHERE tenant_id = tenant AND id = extended AND is_open;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the batch is not there, or closed' USING ERRCODE = 'JQ002';
    END IF;
END
$$;

ALTER FUNCTION job.extend_batch(tenant uuid, extended uuid, jobs bigint) OWNER TO mehvar_owner;

CREATE FUNCTION job.forget(forgotten uuid, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
DECLARE
    deleted bigint := 0;
    here bigint;
    place text;
BEGIN
    -- Nothing of it is claimed any more.
    UPDATE job.tenant SET is_held = true WHERE tenant_id = forgotten;
    FOREACH place IN ARRAY ARRAY['gathered', 'job', 'done', 'dead', 'batch'] LOOP
        EXECUTE format('DELETE FROM job.%I WHERE tenant_id = $1 AND id IN (SELECT id FROM job.%I WHERE tenant_id = $1 LIMIT $2)',
            place, place) USING forgotten, most;
        GET DIAGNOSTICS here = ROW_COUNT;
        deleted := deleted + here;
    END LOOP;
    IF deleted = 0 THEN
        DELETE FROM job.schedule WHERE tenant_id = forgotten;
        DELETE FROM job.tenant_queue WHERE tenant_id = forgotten;
        DELETE FROM job.tenant WHERE tenant_id = forgotten;
    END IF;
    RETURN deleted;
END
$_$;

ALTER FUNCTION job.forget(forgotten uuid, most integer) OWNER TO mehvar_owner;

CREATE FUNCTION job.gather() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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

ALTER FUNCTION job.gather() OWNER TO mehvar_owner;

CREATE FUNCTION job.give_back(tenants uuid[], ids uuid[], leases bigint[], states text[], run_ats timestamp with time zone[], refunds integer[], rescued integer[], failures jsonb[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    moved bigint;
    kept bigint[];
    places tid[];
    keys text[];
    twins tid[];
    stopped bigint[];
    stopped_places tid[];
BEGIN
    -- Locked first, so that a request to stop either stands here already or finds the job waiting again.
    SELECT array_agg(r.number) FILTER (WHERE NOT r.is_stopped), array_agg(r.place) FILTER (WHERE NOT r.is_stopped),
        array_agg(r.unique_key) FILTER (WHERE NOT r.is_stopped),
        array_agg(r.number) FILTER (WHERE r.is_stopped), array_agg(r.place) FILTER (WHERE r.is_stopped)
    INTO kept, places, keys, stopped, stopped_places
    FROM job.lock_runs(tenants, ids, leases) r;

    SELECT array_agg(w.place ORDER BY k.turn) INTO twins
    FROM unnest(kept, keys) WITH ORDINALITY AS k (number, unique_key, turn)
    LEFT JOIN LATERAL (
        SELECT w.ctid AS place FROM job.job w
        WHERE w.tenant_id = tenants[k.number] AND w.unique_key = k.unique_key AND w.state IN ('scheduled', 'ready')
        LIMIT 1 FOR UPDATE
    ) w ON true;

    WITH o AS MATERIALIZED (
        SELECT k.place, k.twin, states[k.number] AS state, run_ats[k.number] AS run_at, refunds[k.number] AS refund,
            rescued[k.number] AS rescued, failures[k.number] AS failures
        FROM unnest(kept, places, twins) AS k (number, place, twin)
    ), twin AS (
        UPDATE job.job w
        SET run_at = least(w.run_at, coalesce(o.run_at, j.run_at)), priority = least(w.priority, j.priority),
            state = CASE WHEN w.state = 'ready' THEN w.state ELSE o.state END
        FROM o JOIN job.job j ON j.ctid = o.place
        WHERE w.ctid = o.twin
    ), merged AS (
        DELETE FROM job.job j USING o WHERE j.ctid = o.place AND o.twin IS NOT NULL
        RETURNING j.*, o.rescued, o.failures
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at, started_at)
        SELECT tenant_id, id, queue, kind, version, 'merged', attempt, rescues + rescued, lease, unique_key,
            errors || failures, created_at, run_at, started_at
        FROM merged
        RETURNING id
    ), returned AS (
        UPDATE job.job j
        SET state = o.state, run_at = coalesce(o.run_at, j.run_at), attempt = j.attempt - o.refund,
            rescues = j.rescues + o.rescued, worker_id = NULL, started_at = NULL, errors = j.errors || o.failures
        FROM o WHERE j.ctid = o.place AND o.twin IS NULL
        RETURNING j.id
    )
    SELECT (SELECT count(*) FROM archived) + (SELECT count(*) FROM returned) INTO moved;
    IF stopped IS NOT NULL THEN
        moved := moved + (
            SELECT job.archive(array_agg(tenants[s.number]), array_agg(ids[s.number]), array_agg(leases[s.number]),
                array_agg('cancelled'::text), array_agg(s.place))
            FROM unnest(stopped, stopped_places) AS s (number, place));
    END IF;
    RETURN moved;
END
$$;

ALTER FUNCTION job.give_back(tenants uuid[], ids uuid[], leases bigint[], states text[], run_ats timestamp with time zone[], refunds integer[], rescued integer[], failures jsonb[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.lock_runs(tenants uuid[], ids uuid[], leases bigint[]) RETURNS TABLE(number bigint, place tid, unique_key text, is_stopped boolean)
    LANGUAGE sql
    AS $$
    SELECT o.number, j.place, j.unique_key, j.is_stopped
    FROM (
        SELECT * FROM unnest(tenants, ids, leases) WITH ORDINALITY AS o (tenant_id, id, lease, number) ORDER BY tenant_id, id
    ) o
    CROSS JOIN LATERAL (
        SELECT j.ctid AS place, j.unique_key, j.cancel_requested_at IS NOT NULL AS is_stopped FROM job.job j
        WHERE j.tenant_id = o.tenant_id AND j.id = o.id AND j.lease = o.lease AND j.worker_id IS NOT NULL LIMIT 1 FOR UPDATE
    ) j
$$;

ALTER FUNCTION job.lock_runs(tenants uuid[], ids uuid[], leases bigint[]) OWNER TO mehvar_owner;

CREATE FUNCTION job.maintain_partitions(days_ahead integer, days_kept integer, OUT made integer, OUT dropped integer, OUT put_off integer) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '100ms'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    day date;
    partition text;
BEGIN
    made := 0;
    dropped := 0;
    put_off := 0;
    IF NOT pg_try_advisory_xact_lock(hashtext('job.maintain_partitions')) THEN
        RETURN;
    END IF;
    FOR day IN SELECT d::date FROM generate_series(current_date::timestamp, (current_date + days_ahead)::timestamp, interval '1 day') AS d LOOP
        partition := 'done_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('job.' || partition) IS NOT NULL;
        BEGIN
            -- Attaching locks out neither readers nor writers of job.done; creating a partition in place would.
            EXECUTE format('CREATE TABLE job.%I (LIKE job.done INCLUDING ALL)', partition);
            EXECUTE format('ALTER TABLE job.%I ENABLE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE job.%I FORCE ROW LEVEL SECURITY', partition);
            EXECUTE format('ALTER TABLE job.done ATTACH PARTITION job.%I FOR VALUES FROM (%L) TO (%L)',
                partition, day::timestamptz, (day + 1)::timestamptz);
            made := made + 1;
        EXCEPTION WHEN lock_not_available THEN
            put_off := put_off + 1;
        END;
    END LOOP;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'job.done'::regclass AND c.relname < 'done_' || to_char(current_date - days_kept, 'YYYYMMDD')
        ORDER BY c.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE job.%I', partition);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            put_off := put_off + 1;
        END;
    END LOOP;
END
$$;

ALTER FUNCTION job.maintain_partitions(days_ahead integer, days_kept integer, OUT made integer, OUT dropped integer, OUT put_off integer) OWNER TO mehvar_owner;

CREATE FUNCTION job.retry(tenants uuid[], ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
#variable_conflict use_column
DECLARE
    revived bigint;
    places tid[];
    batch_tenants uuid[];
    batches uuid[];
BEGIN
    SELECT array_agg(d.place) INTO places
    FROM (SELECT * FROM unnest(tenants, ids) AS o (tenant_id, id) ORDER BY tenant_id, id) o
    CROSS JOIN LATERAL (
        SELECT d.ctid AS place FROM job.dead d
        WHERE d.tenant_id = o.tenant_id AND d.id = o.id
            AND NOT EXISTS (SELECT FROM job.job j WHERE j.tenant_id = o.tenant_id AND j.id = o.id)
        LIMIT 1 FOR UPDATE OF d
    ) d;
    WITH risen AS (
        DELETE FROM job.dead d WHERE d.ctid = ANY (places)
        RETURNING d.*
    ), ranked AS (
        SELECT r.*, row_number() OVER (PARTITION BY twins ORDER BY r.died_at DESC, r.id) AS place,
            min(r.priority) OVER (PARTITION BY twins) AS best
        FROM (SELECT r.*, (r.tenant_id, coalesce('k' || r.unique_key, 'i' || r.id)) AS twins FROM risen r) r
    ), waiting AS (
        INSERT INTO job.job AS w (tenant_id, id, queue, kind, version, priority, state, run_at, max_attempts, rescues, lease,
            unique_key, parameters, errors, created_at, batch_id, cost)
        SELECT tenant_id, id, queue, kind, version, best, 'ready', now(), max_attempts, 0, lease, unique_key, parameters,
            errors, created_at, batch_id, cost
        FROM ranked WHERE place = 1 ORDER BY tenant_id, unique_key
        ON CONFLICT (tenant_id, unique_key) WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready')
        DO UPDATE SET run_at = least(w.run_at, excluded.run_at), state = 'ready', priority = least(w.priority, excluded.priority)
        RETURNING w.tenant_id, w.id
    ), archived AS (
        INSERT INTO job.done (tenant_id, id, queue, kind, version, outcome, attempt, rescues, lease, unique_key, errors,
            created_at, run_at)
        SELECT r.tenant_id, r.id, r.queue, r.kind, r.version, 'merged', r.attempt, r.rescues, r.lease, r.unique_key, r.errors,
            r.created_at, r.run_at
        FROM risen r LEFT JOIN waiting w ON w.tenant_id = r.tenant_id AND w.id = r.id WHERE w.id IS NULL
    )
    SELECT count(*), array_agg(r.tenant_id) FILTER (WHERE r.batch_id IS NOT NULL),
        array_agg(r.batch_id) FILTER (WHERE r.batch_id IS NOT NULL)
    INTO revived, batch_tenants, batches
    FROM risen r;
    IF batches IS NOT NULL THEN
        PERFORM job.count_in_batches(batch_tenants, batches, array_fill('retried'::text, ARRAY[cardinality(batches)]));
    END IF;
    RETURN revived;
END
$$;

ALTER FUNCTION job.retry(tenants uuid[], ids uuid[]) OWNER TO mehvar_owner;

CREATE FUNCTION platform.begin_request(actor uuid, asked text, named text, digested bytea, object uuid) RETURNS void
    LANGUAGE plpgsql
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

ALTER FUNCTION platform.begin_request(actor uuid, asked text, named text, digested bytea, object uuid) OWNER TO mehvar_owner;

CREATE FUNCTION platform.erase(doomed uuid, most integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION platform.erase(doomed uuid, most integer) OWNER TO mehvar_owner;

CREATE FUNCTION platform.protect(tenant_table regclass, privileges text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant ON %s TO mehvar_app USING (tenant_id = current_setting(''mehvar.tenant_id'')::uuid)', tenant_table);
    EXECUTE format('GRANT %s ON %s TO mehvar_app', privileges, tenant_table);
END
$$;

ALTER FUNCTION platform.protect(tenant_table regclass, privileges text) OWNER TO mehvar_owner;

CREATE FUNCTION platform.tenant_tables() RETURNS TABLE(place regclass, rank integer)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
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

ALTER FUNCTION platform.tenant_tables() OWNER TO mehvar_owner;

CREATE FUNCTION platform.usage(asked uuid, OUT customers bigint, OUT members bigint, OUT keys bigint, OUT mails bigint, OUT responses bigint, OUT waiting bigint, OUT dead bigint) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT (SELECT count(*) FROM crm.customer c WHERE c.tenant_id = asked AND c.deleted_at IS NULL),
        (SELECT count(*) FROM crm.member m WHERE m.tenant_id = asked AND m.deleted_at IS NULL),
        (SELECT count(*) FROM crm.api_key k WHERE k.tenant_id = asked AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)),
        (SELECT count(*) FROM crm.invitation i WHERE i.tenant_id = asked AND i.sent_at > now() - interval '30 days'),
        (SELECT count(*) FROM crm.response r WHERE r.tenant_id = asked AND r.submitted_at > now() - interval '30 days'),
        (SELECT count(*) FROM job.job j WHERE j.tenant_id = asked AND j.state <> 'running'),
        (SELECT count(*) FROM job.dead d WHERE d.tenant_id = asked)
$$;

ALTER FUNCTION platform.usage(asked uuid, OUT customers bigint, OUT members bigint, OUT keys bigint, OUT mails bigint, OUT responses bigint, OUT waiting bigint, OUT dead bigint) OWNER TO mehvar_owner;

CREATE TABLE crm.answer (
    tenant_id uuid NOT NULL,
    response_id uuid NOT NULL,
    question_id text NOT NULL,
    kind text NOT NULL,
    score smallint,
    comment text,
    CONSTRAINT answer_comment_check CHECK ((length(comment) <= 4000)),
    CONSTRAINT answer_kind_check CHECK ((kind = ANY (ARRAY['nps'::text, 'csat'::text, 'ces'::text, 'text'::text, 'choice'::text]))),
    CONSTRAINT answer_score_check CHECK (
CASE kind
    WHEN 'nps'::text THEN ((score >= 0) AND (score <= 10))
    WHEN 'csat'::text THEN ((score >= 1) AND (score <= 5))
    WHEN 'ces'::text THEN ((score >= 1) AND (score <= 7))
    ELSE (score IS NULL)
END),
    CONSTRAINT answer_value_check CHECK ((num_nonnulls(score, comment) = 1))
);

ALTER TABLE ONLY crm.answer FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.answer OWNER TO mehvar_owner;

CREATE TABLE crm.api_key (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    prefix text NOT NULL,
    scopes text[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    previous_hash bytea,
    previous_until timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by_kind text,
    created_by uuid,
    CONSTRAINT api_key_created_by_check CHECK ((created_by_kind = ANY (ARRAY['member'::text, 'key'::text, 'job'::text, 'cli'::text, 'respondent'::text, 'platform'::text]))),
    CONSTRAINT api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY crm.api_key FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.api_key OWNER TO mehvar_owner;

CREATE TABLE crm.campaign (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    survey_id uuid NOT NULL,
    survey_version integer NOT NULL,
    segment_id uuid NOT NULL,
    subject jsonb NOT NULL,
    message jsonb NOT NULL,
    expires_in_days smallint DEFAULT 30 NOT NULL,
    wave integer DEFAULT 1 NOT NULL,
    launched_at timestamp with time zone,
    finished_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    touchpoint_id uuid,
    CONSTRAINT campaign_expiry_check CHECK (((expires_in_days >= 1) AND (expires_in_days <= 365))),
    CONSTRAINT campaign_kind_check CHECK ((kind = ANY (ARRAY['relationship'::text, 'transactional'::text]))),
    CONSTRAINT campaign_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT campaign_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'planning'::text, 'running'::text, 'finished'::text]))),
    CONSTRAINT campaign_touchpoint_check CHECK (((touchpoint_id IS NULL) OR (kind = 'transactional'::text)))
);

ALTER TABLE ONLY crm.campaign FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.campaign OWNER TO mehvar_owner;

CREATE TABLE crm.consent (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    channel text NOT NULL,
    is_granted boolean NOT NULL,
    source text NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT consent_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'phone'::text, 'sms'::text, 'whatsapp'::text, 'postal'::text]))),
    CONSTRAINT consent_source_check CHECK ((source = ANY (ARRAY['import'::text, 'api'::text, 'unsubscribe'::text])))
);

ALTER TABLE ONLY crm.consent FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.consent OWNER TO mehvar_owner;

CREATE TABLE crm.consent_record (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    channel text NOT NULL,
    is_granted boolean NOT NULL,
    source text NOT NULL,
    proof text,
    given_at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT consent_record_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'phone'::text, 'sms'::text, 'whatsapp'::text, 'postal'::text]))),
    CONSTRAINT consent_record_proof_check CHECK (((length(proof) >= 1) AND (length(proof) <= 2000))),
    CONSTRAINT consent_record_source_check CHECK ((source = ANY (ARRAY['import'::text, 'api'::text, 'unsubscribe'::text])))
);

ALTER TABLE ONLY crm.consent_record FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.consent_record OWNER TO mehvar_owner;

CREATE TABLE crm.contact_point (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid,
    member_id uuid,
    channel text NOT NULL,
    address text NOT NULL,
    address_key text GENERATED ALWAYS AS (crm.address_key(channel, address)) STORED NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    verified_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    type text,
    CONSTRAINT contact_point_address_check CHECK (((length(address) >= 1) AND (length(address) <= 500))),
    CONSTRAINT contact_point_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'phone'::text, 'sms'::text, 'whatsapp'::text, 'postal'::text]))),
    CONSTRAINT contact_point_owner_check CHECK ((num_nonnulls(customer_id, member_id) = 1)),
    CONSTRAINT contact_point_type_check CHECK ((type = ANY (ARRAY['home'::text, 'work'::text, 'mobile'::text, 'billing'::text, 'shipping'::text, 'other'::text])))
);

ALTER TABLE ONLY crm.contact_point FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.contact_point OWNER TO mehvar_owner;

CREATE TABLE crm.customer (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    stage text DEFAULT 'potential'::text NOT NULL,
    stage_changed_at timestamp with time zone DEFAULT now() NOT NULL,
    reference text,
    name text NOT NULL,
    search_name text GENERATED ALWAYS AS (crm.normalise(name)) STORED NOT NULL,
    language text DEFAULT 'fa'::text NOT NULL,
    time_zone text,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    import_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    names jsonb DEFAULT '{}'::jsonb NOT NULL,
    birth_date date,
    source text,
    acquisition_amount numeric(18,4),
    acquisition_currency text,
    owner_id uuid,
    organisation_id uuid,
    stage_reason text,
    market_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    external_references jsonb DEFAULT '{}'::jsonb NOT NULL,
    name_words tsvector GENERATED ALWAYS AS (crm.name_words(tenant_id, name, names)) STORED NOT NULL,
    erased_at timestamp with time zone,
    merged_into_id uuid,
    CONSTRAINT customer_acquisition_check CHECK ((acquisition_amount >= (0)::numeric)),
    CONSTRAINT customer_acquisition_currency_check CHECK ((acquisition_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT customer_acquisition_money_check CHECK ((num_nonnulls(acquisition_amount, acquisition_currency) <> 1)),
    CONSTRAINT customer_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text)),
    CONSTRAINT customer_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
    CONSTRAINT customer_language_check CHECK ((language ~ '^[a-z]{2,3}$'::text)),
    CONSTRAINT customer_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT customer_names_check CHECK ((jsonb_typeof(names) = 'object'::text)),
    CONSTRAINT customer_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 100))),
    CONSTRAINT customer_references_check CHECK ((jsonb_typeof(external_references) = 'object'::text)),
    CONSTRAINT customer_source_check CHECK (((length(source) >= 1) AND (length(source) <= 100))),
    CONSTRAINT customer_stage_check CHECK ((stage = ANY (ARRAY['potential'::text, 'actual'::text, 'lost'::text]))),
    CONSTRAINT customer_stage_reason_check CHECK (((length(stage_reason) >= 1) AND (length(stage_reason) <= 500)))
);

ALTER TABLE ONLY crm.customer FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer OWNER TO mehvar_owner;

CREATE TABLE crm.customer_attribute (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    label text,
    type text NOT NULL,
    choices text[] DEFAULT '{}'::text[] NOT NULL,
    is_required boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT customer_attribute_label_check CHECK (((length(label) >= 1) AND (length(label) <= 200))),
    CONSTRAINT customer_attribute_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,49}$'::text)),
    CONSTRAINT customer_attribute_type_check CHECK ((type = ANY (ARRAY['text'::text, 'number'::text, 'boolean'::text, 'day'::text, 'choice'::text])))
);

ALTER TABLE ONLY crm.customer_attribute FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_attribute OWNER TO mehvar_owner;

CREATE TABLE crm.customer_market (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    market_id uuid NOT NULL
);

ALTER TABLE ONLY crm.customer_market FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_market OWNER TO mehvar_owner;

CREATE TABLE crm.customer_order (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    reference text,
    ordered_on date NOT NULL,
    quantity integer DEFAULT 1 NOT NULL,
    amount numeric(18,4) NOT NULL,
    currency text NOT NULL,
    import_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    ordered_at timestamp with time zone,
    happened_at timestamp with time zone GENERATED ALWAYS AS (COALESCE(ordered_at, ((ordered_on)::timestamp without time zone AT TIME ZONE 'UTC'::text))) STORED NOT NULL,
    member_id uuid,
    returned_amount numeric(18,4) DEFAULT 0 NOT NULL,
    margin_amount numeric(18,4),
    department_id uuid,
    touchpoint_id uuid,
    channel text,
    CONSTRAINT customer_order_channel_check CHECK ((channel = ANY (ARRAY['phone'::text, 'email'::text, 'sms'::text, 'chat'::text, 'whatsapp'::text, 'social'::text, 'web'::text, 'in_person'::text, 'postal'::text, 'other'::text]))),
    CONSTRAINT customer_order_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT customer_order_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT customer_order_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 100)))
);

ALTER TABLE ONLY crm.customer_order FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_order OWNER TO mehvar_owner;

CREATE TABLE crm.customer_reference (
    tenant_id uuid NOT NULL,
    system text NOT NULL,
    reference text NOT NULL,
    customer_id uuid NOT NULL,
    CONSTRAINT customer_reference_reference_check CHECK (((length(reference) >= 1) AND (length(reference) <= 100))),
    CONSTRAINT customer_reference_system_check CHECK ((system ~ '^[a-z][a-z0-9_-]{0,49}$'::text))
);

ALTER TABLE ONLY crm.customer_reference FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_reference OWNER TO mehvar_owner;

CREATE TABLE crm.customer_summary (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_count integer DEFAULT 0 NOT NULL,
    order_amount numeric DEFAULT 0 NOT NULL,
    order_margin numeric,
    first_ordered_on date,
    last_ordered_on date,
    interaction_count integer DEFAULT 0 NOT NULL,
    last_interaction_at timestamp with time zone,
    satisfaction numeric(4,2),
    nps smallint,
    csat smallint,
    ces smallint,
    last_response_at timestamp with time zone,
    tier text,
    recency smallint,
    frequency smallint,
    money smallint,
    kind text NOT NULL,
    stage text NOT NULL,
    language text,
    CONSTRAINT customer_summary_frequency_check CHECK (((frequency >= 1) AND (frequency <= 5))),
    CONSTRAINT customer_summary_money_check CHECK (((money >= 1) AND (money <= 5))),
    CONSTRAINT customer_summary_recency_check CHECK (((recency >= 1) AND (recency <= 5))),
    CONSTRAINT customer_summary_tier_check CHECK ((tier = ANY (ARRAY['a'::text, 'b'::text, 'c'::text])))
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_insert_scale_factor='0.02');

ALTER TABLE ONLY crm.customer_summary FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_summary OWNER TO mehvar_owner;

CREATE TABLE crm.customer_tag (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    tag text NOT NULL,
    CONSTRAINT customer_tag_check CHECK (((length(tag) >= 1) AND (length(tag) <= 100)))
);

ALTER TABLE ONLY crm.customer_tag FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_tag OWNER TO mehvar_owner;

CREATE TABLE crm.department (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT department_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY crm.department FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.department OWNER TO mehvar_owner;

CREATE TABLE crm.duplicate (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    first_id uuid NOT NULL,
    second_id uuid NOT NULL,
    score smallint NOT NULL,
    reasons text[] NOT NULL,
    doubts text[] DEFAULT '{}'::text[] NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    merge_id uuid,
    decided_at timestamp with time zone,
    actor_kind text,
    actor_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT duplicate_pair_check CHECK ((first_id < second_id)),
    CONSTRAINT duplicate_score_check CHECK (((score >= 0) AND (score <= 100))),
    CONSTRAINT duplicate_state_check CHECK ((state = ANY (ARRAY['open'::text, 'dismissed'::text, 'merged'::text])))
);

ALTER TABLE ONLY crm.duplicate FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.duplicate OWNER TO mehvar_owner;

CREATE TABLE crm.duplicate_run (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    duplicate_ids uuid[],
    minimum_score smallint,
    total integer NOT NULL,
    looked_at integer DEFAULT 0 NOT NULL,
    found integer DEFAULT 0 NOT NULL,
    merged integer DEFAULT 0 NOT NULL,
    skipped integer DEFAULT 0 NOT NULL,
    last_id uuid,
    last_score smallint,
    error text,
    actor_kind text NOT NULL,
    actor_id uuid,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_run_id uuid,
    undone integer DEFAULT 0 NOT NULL,
    CONSTRAINT duplicate_run_kind_check CHECK ((kind = ANY (ARRAY['scan'::text, 'bulk_merge'::text, 'undo'::text])))
);

ALTER TABLE ONLY crm.duplicate_run FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.duplicate_run OWNER TO mehvar_owner;

CREATE TABLE crm.event (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    request_id text,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    address inet,
    changes jsonb
);

ALTER TABLE ONLY crm.event FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.event OWNER TO mehvar_owner;

CREATE TABLE crm.event_personal (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    changes jsonb NOT NULL
);

ALTER TABLE ONLY crm.event_personal FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.event_personal OWNER TO mehvar_owner;

CREATE TABLE crm.idempotent_request (
    tenant_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    object_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotent_request_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

ALTER TABLE ONLY crm.idempotent_request FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.idempotent_request OWNER TO mehvar_owner;

CREATE TABLE crm.import (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    digest bytea NOT NULL,
    has_references boolean NOT NULL,
    row_count integer DEFAULT 0 NOT NULL,
    created_count integer DEFAULT 0 NOT NULL,
    updated_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'done'::text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    titles text[] DEFAULT '{}'::text[] NOT NULL,
    rejected_count integer DEFAULT 0 NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    chunk_count integer DEFAULT 0 NOT NULL,
    chunks_read integer DEFAULT 0 NOT NULL,
    place bigint DEFAULT 0 NOT NULL,
    line integer DEFAULT 1 NOT NULL,
    is_behind_return boolean DEFAULT false NOT NULL,
    failure_code text,
    failure_detail text,
    actor_kind text DEFAULT 'cli'::text NOT NULL,
    actor_id uuid,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_failure_check CHECK (((state = 'failed'::text) = (failure_code IS NOT NULL))),
    CONSTRAINT import_kind_check CHECK ((kind = ANY (ARRAY['customers'::text, 'orders'::text]))),
    CONSTRAINT import_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY crm.import FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.import OWNER TO mehvar_owner;

CREATE TABLE crm.import_chunk (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    number integer NOT NULL,
    content bytea NOT NULL
);
ALTER TABLE ONLY crm.import_chunk ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE ONLY crm.import_chunk FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.import_chunk OWNER TO mehvar_owner;

CREATE TABLE crm.import_reject (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_number integer NOT NULL,
    errors jsonb NOT NULL,
    content text NOT NULL
);

ALTER TABLE ONLY crm.import_reject FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.import_reject OWNER TO mehvar_owner;

CREATE TABLE crm.interaction (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    direction text,
    channel text,
    happened_at timestamp with time zone NOT NULL,
    duration_seconds integer,
    subject text,
    body text,
    department_id uuid,
    member_id uuid,
    touchpoint_id uuid,
    outcome text,
    satisfaction smallint,
    is_open boolean DEFAULT false NOT NULL,
    due_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT interaction_body_check CHECK (((length(body) >= 1) AND (length(body) <= 10000))),
    CONSTRAINT interaction_channel_check CHECK ((channel = ANY (ARRAY['phone'::text, 'email'::text, 'sms'::text, 'chat'::text, 'whatsapp'::text, 'social'::text, 'web'::text, 'in_person'::text, 'postal'::text, 'other'::text]))),
    CONSTRAINT interaction_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text]))),
    CONSTRAINT interaction_duration_check CHECK ((duration_seconds >= 0)),
    CONSTRAINT interaction_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'mail'::text, 'meeting'::text, 'chat'::text, 'ticket'::text, 'note'::text]))),
    CONSTRAINT interaction_outcome_check CHECK (((length(outcome) >= 1) AND (length(outcome) <= 200))),
    CONSTRAINT interaction_satisfaction_check CHECK (((satisfaction >= 1) AND (satisfaction <= 5))),
    CONSTRAINT interaction_subject_check CHECK (((length(subject) >= 1) AND (length(subject) <= 200)))
);

ALTER TABLE ONLY crm.interaction FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.interaction OWNER TO mehvar_owner;

CREATE TABLE crm.invitation (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    wave integer NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid,
    member_id uuid,
    recipient_id uuid GENERATED ALWAYS AS (COALESCE(customer_id, member_id)) STORED NOT NULL,
    language text NOT NULL,
    address text,
    state text NOT NULL,
    reason text,
    planned_at timestamp with time zone DEFAULT now() NOT NULL,
    sending_at timestamp with time zone,
    sent_at timestamp with time zone,
    opened_at timestamp with time zone,
    responded_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT invitation_address_check CHECK (((state = 'excluded'::text) OR (address IS NOT NULL))),
    CONSTRAINT invitation_excluded_check CHECK (((state <> 'excluded'::text) OR (reason IS NOT NULL))),
    CONSTRAINT invitation_recipient_check CHECK ((num_nonnulls(customer_id, member_id) = 1)),
    CONSTRAINT invitation_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'excluded'::text, 'sending'::text, 'sent'::text, 'unknown'::text, 'failed'::text, 'bounced'::text, 'responded'::text])))
);

ALTER TABLE ONLY crm.invitation FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.invitation OWNER TO mehvar_owner;

CREATE TABLE crm.journey_stage (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    "position" integer NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT journey_stage_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT journey_stage_position_check CHECK (("position" > 0))
);

ALTER TABLE ONLY crm.journey_stage FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.journey_stage OWNER TO mehvar_owner;

CREATE TABLE crm.market (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    customer_estimate bigint,
    yearly_amount numeric(18,4),
    yearly_currency text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT market_amount_check CHECK ((yearly_amount >= (0)::numeric)),
    CONSTRAINT market_currency_check CHECK ((yearly_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT market_customers_check CHECK ((customer_estimate >= 0)),
    CONSTRAINT market_money_check CHECK ((num_nonnulls(yearly_amount, yearly_currency) <> 1)),
    CONSTRAINT market_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY crm.market FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.market OWNER TO mehvar_owner;

CREATE TABLE crm.member (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    email_key text GENERATED ALWAYS AS (crm.address_key('email'::text, email)) STORED NOT NULL,
    language text DEFAULT 'fa'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    roles text[] DEFAULT '{viewer}'::text[] NOT NULL,
    joined_at timestamp with time zone,
    last_sign_in_at timestamp with time zone,
    CONSTRAINT member_email_check CHECK ((length(email) <= 254)),
    CONSTRAINT member_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT member_roles_check CHECK ((((cardinality(roles) >= 1) AND (cardinality(roles) <= 6)) AND (roles <@ '{owner,admin,manager,agent,analyst,viewer}'::text[])))
);

ALTER TABLE ONLY crm.member FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.member OWNER TO mehvar_owner;

CREATE TABLE crm.member_password (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    hash text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crm.member_password FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.member_password OWNER TO mehvar_owner;

CREATE TABLE crm.merge (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    survivor_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    before_values jsonb,
    after_values jsonb,
    actor_kind text NOT NULL,
    actor_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    run_id uuid
);

ALTER TABLE ONLY crm.merge FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.merge OWNER TO mehvar_owner;

CREATE TABLE crm.merge_row (
    tenant_id uuid NOT NULL,
    merge_id uuid NOT NULL,
    kind text NOT NULL,
    row_id uuid NOT NULL
);

ALTER TABLE ONLY crm.merge_row FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.merge_row OWNER TO mehvar_owner;

CREATE TABLE crm.order_line (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    number smallint NOT NULL,
    product_id uuid,
    description text,
    quantity integer NOT NULL,
    unit_price numeric(18,4) NOT NULL,
    discount numeric(18,4) DEFAULT 0 NOT NULL,
    unit_cost numeric(18,4),
    sale text DEFAULT 'regular'::text NOT NULL,
    CONSTRAINT order_line_cost_check CHECK ((unit_cost >= (0)::numeric)),
    CONSTRAINT order_line_description_check CHECK (((length(description) >= 1) AND (length(description) <= 200))),
    CONSTRAINT order_line_discount_check CHECK ((discount >= (0)::numeric)),
    CONSTRAINT order_line_number_check CHECK ((number > 0)),
    CONSTRAINT order_line_price_check CHECK ((unit_price >= (0)::numeric)),
    CONSTRAINT order_line_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_line_sale_check CHECK ((sale = ANY (ARRAY['regular'::text, 'cross_sell'::text, 'up_sell'::text])))
);

ALTER TABLE ONLY crm.order_line FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.order_line OWNER TO mehvar_owner;

CREATE TABLE crm.order_return (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    line_number smallint,
    quantity integer,
    amount numeric(18,4) NOT NULL,
    returned_on date NOT NULL,
    reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT order_return_amount_check CHECK ((amount >= (0)::numeric)),
    CONSTRAINT order_return_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT order_return_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

ALTER TABLE ONLY crm.order_return FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.order_return OWNER TO mehvar_owner;

CREATE TABLE crm.plan (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    segment_id uuid NOT NULL,
    name text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT plan_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY crm.plan FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.plan OWNER TO mehvar_owner;

CREATE TABLE crm.plan_revision (
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    revision integer NOT NULL,
    elements jsonb NOT NULL,
    objectives text[] DEFAULT '{}'::text[] NOT NULL,
    budget_amount numeric(18,4),
    budget_currency text,
    activities jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT plan_revision_budget_check CHECK ((budget_amount >= (0)::numeric)),
    CONSTRAINT plan_revision_currency_check CHECK ((budget_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT plan_revision_elements_check CHECK ((elements ?& '{product,price,place,promotion,people,process,physical_evidence}'::text[])),
    CONSTRAINT plan_revision_money_check CHECK ((num_nonnulls(budget_amount, budget_currency) <> 1))
);

ALTER TABLE ONLY crm.plan_revision FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.plan_revision OWNER TO mehvar_owner;

CREATE TABLE crm.product (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    price_amount numeric(18,4),
    price_currency text,
    cost_amount numeric(18,4),
    cost_currency text,
    state text DEFAULT 'active'::text NOT NULL,
    successor_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT product_code_check CHECK (((length(code) >= 1) AND (length(code) <= 100))),
    CONSTRAINT product_cost_check CHECK ((cost_amount >= (0)::numeric)),
    CONSTRAINT product_cost_currency_check CHECK ((cost_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT product_money_check CHECK (((num_nonnulls(price_amount, price_currency) <> 1) AND (num_nonnulls(cost_amount, cost_currency) <> 1))),
    CONSTRAINT product_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT product_price_check CHECK ((price_amount >= (0)::numeric)),
    CONSTRAINT product_price_currency_check CHECK ((price_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT product_state_check CHECK ((state = ANY (ARRAY['active'::text, 'weak'::text, 'outdated'::text, 'withdrawn'::text])))
);

ALTER TABLE ONLY crm.product FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.product OWNER TO mehvar_owner;

CREATE TABLE crm.response (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    invitation_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    survey_id uuid NOT NULL,
    survey_version integer NOT NULL,
    metric text NOT NULL,
    customer_id uuid,
    member_id uuid,
    language text NOT NULL,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL
);

ALTER TABLE ONLY crm.response FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.response OWNER TO mehvar_owner;

CREATE TABLE crm.score_day (
    tenant_id uuid NOT NULL,
    metric text NOT NULL,
    day date NOT NULL,
    scope text NOT NULL,
    scope_key text NOT NULL,
    sent integer NOT NULL,
    answers integer NOT NULL,
    promoters integer NOT NULL,
    passives integer NOT NULL,
    detractors integer NOT NULL,
    sum bigint NOT NULL,
    sum_of_squares bigint NOT NULL,
    computed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT score_day_scope_check CHECK ((scope = ANY (ARRAY['tenant'::text, 'segment'::text, 'campaign'::text, 'language'::text])))
);

ALTER TABLE ONLY crm.score_day FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.score_day OWNER TO mehvar_owner;

CREATE TABLE crm.segment (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    rule jsonb,
    member_count integer,
    evaluated_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    description text,
    CONSTRAINT segment_description_check CHECK (((length(description) >= 1) AND (length(description) <= 2000))),
    CONSTRAINT segment_kind_check CHECK ((kind = ANY (ARRAY['manual'::text, 'rule'::text]))),
    CONSTRAINT segment_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT segment_rule_check CHECK (((kind = 'rule'::text) = (rule IS NOT NULL)))
);

ALTER TABLE ONLY crm.segment FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.segment OWNER TO mehvar_owner;

CREATE TABLE crm.segment_member (
    tenant_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entered_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crm.segment_member FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.segment_member OWNER TO mehvar_owner;

CREATE TABLE crm.segment_stay (
    tenant_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY crm.segment_stay FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.segment_stay OWNER TO mehvar_owner;

CREATE TABLE crm.session (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    member_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    address inet,
    user_agent text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    refreshed_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT session_user_agent_check CHECK ((length(user_agent) <= 300))
);

ALTER TABLE ONLY crm.session FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.session OWNER TO mehvar_owner;

CREATE TABLE crm.sign_in_failure (
    tenant_id uuid NOT NULL,
    email_hash bytea NOT NULL,
    failures integer NOT NULL,
    locked_until timestamp with time zone NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crm.sign_in_failure FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.sign_in_failure OWNER TO mehvar_owner;

CREATE TABLE crm.stage_change (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    from_stage text NOT NULL,
    to_stage text NOT NULL,
    reason text,
    actor_kind text NOT NULL,
    actor_id uuid,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stage_change_from_check CHECK ((from_stage = ANY (ARRAY['potential'::text, 'actual'::text, 'lost'::text]))),
    CONSTRAINT stage_change_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500))),
    CONSTRAINT stage_change_to_check CHECK ((to_stage = ANY (ARRAY['potential'::text, 'actual'::text, 'lost'::text])))
);

ALTER TABLE ONLY crm.stage_change FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.stage_change OWNER TO mehvar_owner;

CREATE TABLE crm.suppression (
    tenant_id uuid NOT NULL,
    channel text NOT NULL,
    address_key text NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT suppression_reason_check CHECK ((reason = ANY (ARRAY['bounce'::text, 'complaint'::text, 'unsubscribe'::text, 'manual'::text])))
);

ALTER TABLE ONLY crm.suppression FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.suppression OWNER TO mehvar_owner;

CREATE TABLE crm.survey (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    metric text NOT NULL,
    content jsonb NOT NULL,
    published_version integer,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT survey_metric_check CHECK ((metric = ANY (ARRAY['nps'::text, 'csat'::text, 'ces'::text, 'enps'::text]))),
    CONSTRAINT survey_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY crm.survey FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.survey OWNER TO mehvar_owner;

CREATE TABLE crm.survey_version (
    tenant_id uuid NOT NULL,
    survey_id uuid NOT NULL,
    version integer NOT NULL,
    metric text NOT NULL,
    metric_question text NOT NULL,
    content jsonb NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crm.survey_version FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.survey_version OWNER TO mehvar_owner;

CREATE TABLE crm.tenant_setting (
    tenant_id uuid NOT NULL,
    locale text DEFAULT 'fa'::text NOT NULL,
    time_zone text DEFAULT 'Asia/Tehran'::text NOT NULL,
    calendar text DEFAULT 'jalali'::text NOT NULL,
    working_days smallint[] DEFAULT '{6,7,1,2,3}'::smallint[] NOT NULL,
    currency text DEFAULT 'IRR'::text NOT NULL,
    sender_name text NOT NULL,
    sender_address text NOT NULL,
    reply_to text,
    quarantine_days smallint DEFAULT 30 NOT NULL,
    consent_required boolean DEFAULT false NOT NULL,
    minimum_answers smallint DEFAULT 5 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    allowed_origins text[] DEFAULT '{}'::text[] NOT NULL,
    requests_per_second integer DEFAULT 500 NOT NULL,
    key_requests_per_second integer DEFAULT 250 NOT NULL,
    CONSTRAINT tenant_setting_calendar_check CHECK ((calendar = ANY (ARRAY['gregorian'::text, 'jalali'::text]))),
    CONSTRAINT tenant_setting_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT tenant_setting_key_requests_check CHECK (((key_requests_per_second >= 1) AND (key_requests_per_second <= 100000))),
    CONSTRAINT tenant_setting_locale_check CHECK ((locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
    CONSTRAINT tenant_setting_minimum_check CHECK (((minimum_answers >= 1) AND (minimum_answers <= 1000))),
    CONSTRAINT tenant_setting_origins_check CHECK ((cardinality(allowed_origins) <= 20)),
    CONSTRAINT tenant_setting_quarantine_check CHECK (((quarantine_days >= 0) AND (quarantine_days <= 3650))),
    CONSTRAINT tenant_setting_requests_check CHECK (((requests_per_second >= 1) AND (requests_per_second <= 100000)))
);

ALTER TABLE ONLY crm.tenant_setting FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.tenant_setting OWNER TO mehvar_owner;

CREATE TABLE crm.token (
    tenant_id uuid NOT NULL,
    hash bytea NOT NULL,
    purpose text NOT NULL,
    subject_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone
);

ALTER TABLE ONLY crm.token FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.token OWNER TO mehvar_owner;

CREATE TABLE crm.touchpoint (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    stage_id uuid NOT NULL,
    "position" integer NOT NULL,
    is_moment_of_truth boolean DEFAULT false NOT NULL,
    department_id uuid,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT touchpoint_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT touchpoint_position_check CHECK (("position" > 0))
);

ALTER TABLE ONLY crm.touchpoint FORCE ROW LEVEL SECURITY;

ALTER TABLE crm.touchpoint OWNER TO mehvar_owner;

CREATE TABLE job.batch (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    is_open boolean DEFAULT true NOT NULL,
    total bigint DEFAULT 0 NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    cancelled bigint DEFAULT 0 NOT NULL,
    finally jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT batch_finally_check CHECK (((finally IS NULL) OR COALESCE((((length((finally ->> 'queue'::text)) >= 1) AND (length((finally ->> 'queue'::text)) <= 100)) AND ((length((finally ->> 'kind'::text)) >= 1) AND (length((finally ->> 'kind'::text)) <= 100)) AND (((finally ->> 'version'::text))::integer IS NOT NULL) AND (((finally ->> 'priority'::text))::smallint IS NOT NULL) AND (((finally ->> 'max_attempts'::text))::integer > 0) AND ((COALESCE(((finally ->> 'cost'::text))::integer, 1) >= 0) AND (COALESCE(((finally ->> 'cost'::text))::integer, 1) <= 1000000)) AND (finally ? 'parameters'::text)), false))),
    CONSTRAINT batch_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
)
WITH (fillfactor='50');

ALTER TABLE ONLY job.batch FORCE ROW LEVEL SECURITY;

ALTER TABLE job.batch OWNER TO mehvar_owner;

CREATE TABLE job.dead (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    priority smallint NOT NULL,
    reason text NOT NULL,
    attempt integer NOT NULL,
    max_attempts integer NOT NULL,
    rescues integer NOT NULL,
    lease bigint NOT NULL,
    unique_key text,
    parameters jsonb NOT NULL,
    errors jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    run_at timestamp with time zone NOT NULL,
    died_at timestamp with time zone DEFAULT now() NOT NULL,
    batch_id uuid,
    cost integer DEFAULT 1 NOT NULL,
    deadline timestamp with time zone,
    CONSTRAINT dead_reason_check CHECK ((reason = ANY (ARRAY['permanent'::text, 'attempts'::text, 'rescues'::text, 'unwritable'::text, 'deadline'::text])))
);

ALTER TABLE ONLY job.dead FORCE ROW LEVEL SECURITY;

ALTER TABLE job.dead OWNER TO mehvar_owner;

CREATE TABLE job.done (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    outcome text NOT NULL,
    attempt integer NOT NULL,
    rescues integer NOT NULL,
    lease bigint NOT NULL,
    unique_key text,
    errors jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    run_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone DEFAULT now() NOT NULL,
    batch_id uuid,
    CONSTRAINT done_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'merged'::text, 'cancelled'::text])))
)
PARTITION BY RANGE (finished_at);

ALTER TABLE ONLY job.done FORCE ROW LEVEL SECURITY;

ALTER TABLE job.done OWNER TO mehvar_owner;

CREATE TABLE job.gathered (
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    item uuid NOT NULL,
    CONSTRAINT gathered_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 100))),
    CONSTRAINT gathered_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 100)))
)
WITH (autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='2000', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY job.gathered FORCE ROW LEVEL SECURITY;

ALTER TABLE job.gathered OWNER TO mehvar_owner;

CREATE TABLE job.job (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    max_attempts integer DEFAULT 20 NOT NULL,
    rescues integer DEFAULT 0 NOT NULL,
    lease bigint DEFAULT ((EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric))::bigint NOT NULL,
    worker_id uuid,
    unique_key text,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    errors jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    cost integer DEFAULT 1 NOT NULL,
    deadline timestamp with time zone,
    batch_id uuid,
    cancel_requested_at timestamp with time zone,
    CONSTRAINT job_batch_key_check CHECK (((batch_id IS NULL) OR (unique_key IS NULL))),
    CONSTRAINT job_cost_check CHECK (((cost >= 0) AND (cost <= 1000000))),
    CONSTRAINT job_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 100))),
    CONSTRAINT job_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT job_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 100))),
    CONSTRAINT job_running_check CHECK (((state = 'running'::text) = (worker_id IS NOT NULL))),
    CONSTRAINT job_state_check CHECK ((state = ANY (ARRAY['scheduled'::text, 'ready'::text, 'running'::text]))),
    CONSTRAINT job_unique_key_check CHECK (((length(unique_key) >= 1) AND (length(unique_key) <= 500)))
)
WITH (fillfactor='80', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='2000', autovacuum_vacuum_cost_delay='0', autovacuum_analyze_scale_factor='0.1', autovacuum_analyze_threshold='5000');

ALTER TABLE ONLY job.job FORCE ROW LEVEL SECURITY;

ALTER TABLE job.job OWNER TO mehvar_owner;

CREATE TABLE job.paused_queue (
    queue text NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT paused_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 100)))
);

ALTER TABLE job.paused_queue OWNER TO mehvar_owner;

CREATE TABLE job.schedule (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    queue text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    priority smallint NOT NULL,
    max_attempts integer NOT NULL,
    unique_key text,
    parameters jsonb NOT NULL,
    next_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    fired_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    cost integer DEFAULT 1 NOT NULL,
    start_within interval,
    CONSTRAINT schedule_cost_check CHECK (((cost >= 0) AND (cost <= 1000000))),
    CONSTRAINT schedule_cron_check CHECK (((length(cron) >= 1) AND (length(cron) <= 200))),
    CONSTRAINT schedule_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 100))),
    CONSTRAINT schedule_max_attempts_check CHECK ((max_attempts > 0)),
    CONSTRAINT schedule_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT schedule_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 100))),
    CONSTRAINT schedule_start_within_check CHECK ((start_within > '00:00:00'::interval)),
    CONSTRAINT schedule_time_zone_check CHECK (((length(time_zone) >= 1) AND (length(time_zone) <= 100))),
    CONSTRAINT schedule_unique_key_check CHECK (((length(unique_key) >= 1) AND (length(unique_key) <= 500)))
);

ALTER TABLE ONLY job.schedule FORCE ROW LEVEL SECURITY;

ALTER TABLE job.schedule OWNER TO mehvar_owner;

CREATE TABLE job.tenant (
    tenant_id uuid NOT NULL,
    weight smallint DEFAULT 1 NOT NULL,
    is_held boolean DEFAULT false NOT NULL,
    max_running integer,
    CONSTRAINT tenant_max_running_check CHECK ((max_running > 0)),
    CONSTRAINT tenant_weight_check CHECK (((weight >= 1) AND (weight <= 100)))
);

ALTER TABLE ONLY job.tenant FORCE ROW LEVEL SECURITY;

ALTER TABLE job.tenant OWNER TO mehvar_owner;

CREATE TABLE job.tenant_queue (
    tenant_id uuid NOT NULL,
    queue text NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    rate double precision,
    burst double precision,
    tokens double precision DEFAULT 0 NOT NULL,
    refilled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tenant_queue_burst_check CHECK ((burst >= (1)::double precision)),
    CONSTRAINT tenant_queue_queue_check CHECK (((length(queue) >= 1) AND (length(queue) <= 100))),
    CONSTRAINT tenant_queue_rate_check CHECK ((rate > (0)::double precision))
)
WITH (fillfactor='50');

ALTER TABLE ONLY job.tenant_queue FORCE ROW LEVEL SECURITY;

ALTER TABLE job.tenant_queue OWNER TO mehvar_owner;

CREATE TABLE job.worker (
    id uuid NOT NULL,
    name text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE job.worker OWNER TO mehvar_owner;

CREATE TABLE platform.api_key (
    id uuid NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    prefix text NOT NULL,
    scopes text[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY platform.api_key FORCE ROW LEVEL SECURITY;

ALTER TABLE platform.api_key OWNER TO mehvar_owner;

CREATE TABLE platform.erasure (
    tenant_id uuid NOT NULL,
    slug text NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    erased jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE ONLY platform.erasure FORCE ROW LEVEL SECURITY;

ALTER TABLE platform.erasure OWNER TO mehvar_owner;

CREATE TABLE platform.event (
    id uuid NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    address inet,
    request_id text,
    action text NOT NULL,
    object_id uuid NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT event_actor_check CHECK ((actor_kind = ANY (ARRAY['key'::text, 'cli'::text, 'job'::text])))
);

ALTER TABLE ONLY platform.event FORCE ROW LEVEL SECURITY;

ALTER TABLE platform.event OWNER TO mehvar_owner;

CREATE TABLE platform.idempotent_request (
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    digest bytea NOT NULL,
    object_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT idempotent_request_key_check CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

ALTER TABLE ONLY platform.idempotent_request FORCE ROW LEVEL SECURITY;

ALTER TABLE platform.idempotent_request OWNER TO mehvar_owner;

CREATE TABLE platform.migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE platform.migration OWNER TO mehvar_owner;

CREATE TABLE platform.routine (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE platform.routine OWNER TO mehvar_owner;

CREATE TABLE platform.tenant (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    suspended_at timestamp with time zone,
    erase_after timestamp with time zone,
    CONSTRAINT tenant_erase_check CHECK (((state = 'deleting'::text) = (erase_after IS NOT NULL))),
    CONSTRAINT tenant_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT tenant_slug_check CHECK ((slug ~ '^[a-z][a-z0-9-]{1,62}$'::text)),
    CONSTRAINT tenant_state_check CHECK ((state = ANY (ARRAY['active'::text, 'suspended'::text, 'deleting'::text])))
);

ALTER TABLE ONLY platform.tenant FORCE ROW LEVEL SECURITY;

ALTER TABLE platform.tenant OWNER TO mehvar_owner;

ALTER TABLE ONLY crm.answer
    ADD CONSTRAINT answer_pkey PRIMARY KEY (tenant_id, response_id, question_id);

ALTER TABLE ONLY crm.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.campaign
    ADD CONSTRAINT campaign_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.consent
    ADD CONSTRAINT consent_pkey PRIMARY KEY (tenant_id, customer_id, channel);

ALTER TABLE ONLY crm.consent_record
    ADD CONSTRAINT consent_record_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.contact_point
    ADD CONSTRAINT contact_point_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.customer_attribute
    ADD CONSTRAINT customer_attribute_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.customer_market
    ADD CONSTRAINT customer_market_pkey PRIMARY KEY (tenant_id, customer_id, market_id);

ALTER TABLE ONLY crm.customer_order
    ADD CONSTRAINT customer_order_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.customer_reference
    ADD CONSTRAINT customer_reference_pkey PRIMARY KEY (tenant_id, reference, system);

ALTER TABLE ONLY crm.customer_summary
    ADD CONSTRAINT customer_summary_pkey PRIMARY KEY (tenant_id, customer_id) INCLUDE (kind, stage, language, order_count, order_amount, last_ordered_on, interaction_count, tier, recency, frequency, money);

ALTER TABLE ONLY crm.customer_tag
    ADD CONSTRAINT customer_tag_pkey PRIMARY KEY (tenant_id, customer_id, tag);

ALTER TABLE ONLY crm.department
    ADD CONSTRAINT department_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.duplicate
    ADD CONSTRAINT duplicate_pair_key UNIQUE (tenant_id, first_id, second_id);

ALTER TABLE ONLY crm.duplicate
    ADD CONSTRAINT duplicate_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.duplicate_run
    ADD CONSTRAINT duplicate_run_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE crm.event
    ADD CONSTRAINT event_actor_check CHECK ((actor_kind = ANY (ARRAY['member'::text, 'key'::text, 'job'::text, 'cli'::text, 'respondent'::text, 'platform'::text]))) NOT VALID;

ALTER TABLE ONLY crm.event_personal
    ADD CONSTRAINT event_personal_pkey PRIMARY KEY (tenant_id, event_id);

ALTER TABLE ONLY crm.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.idempotent_request
    ADD CONSTRAINT idempotent_request_pkey PRIMARY KEY (tenant_id, actor_id, operation, key);

ALTER TABLE ONLY crm.import_chunk
    ADD CONSTRAINT import_chunk_pkey PRIMARY KEY (tenant_id, import_id, number);

ALTER TABLE ONLY crm.import
    ADD CONSTRAINT import_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.import_reject
    ADD CONSTRAINT import_reject_pkey PRIMARY KEY (tenant_id, import_id, row_number);

ALTER TABLE ONLY crm.interaction
    ADD CONSTRAINT interaction_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.invitation
    ADD CONSTRAINT invitation_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.journey_stage
    ADD CONSTRAINT journey_stage_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.market
    ADD CONSTRAINT market_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.member_password
    ADD CONSTRAINT member_password_pkey PRIMARY KEY (tenant_id, member_id);

ALTER TABLE ONLY crm.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.merge
    ADD CONSTRAINT merge_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.merge_row
    ADD CONSTRAINT merge_row_pkey PRIMARY KEY (tenant_id, merge_id, kind, row_id);

ALTER TABLE ONLY crm.order_line
    ADD CONSTRAINT order_line_pkey PRIMARY KEY (tenant_id, order_id, number);

ALTER TABLE ONLY crm.order_return
    ADD CONSTRAINT order_return_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.plan_revision
    ADD CONSTRAINT plan_revision_pkey PRIMARY KEY (tenant_id, plan_id, revision);

ALTER TABLE ONLY crm.product
    ADD CONSTRAINT product_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.response
    ADD CONSTRAINT response_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.score_day
    ADD CONSTRAINT score_day_pkey PRIMARY KEY (tenant_id, metric, scope, scope_key, day);

ALTER TABLE ONLY crm.segment_member
    ADD CONSTRAINT segment_member_pkey PRIMARY KEY (tenant_id, segment_id, customer_id);

ALTER TABLE ONLY crm.segment
    ADD CONSTRAINT segment_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.segment_stay
    ADD CONSTRAINT segment_stay_pkey PRIMARY KEY (tenant_id, segment_id, customer_id, entered_at);

ALTER TABLE ONLY crm.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.sign_in_failure
    ADD CONSTRAINT sign_in_failure_pkey PRIMARY KEY (tenant_id, email_hash);

ALTER TABLE ONLY crm.stage_change
    ADD CONSTRAINT stage_change_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.suppression
    ADD CONSTRAINT suppression_pkey PRIMARY KEY (tenant_id, channel, address_key);

ALTER TABLE ONLY crm.survey
    ADD CONSTRAINT survey_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY crm.survey_version
    ADD CONSTRAINT survey_version_pkey PRIMARY KEY (tenant_id, survey_id, version);

ALTER TABLE ONLY crm.tenant_setting
    ADD CONSTRAINT tenant_setting_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY crm.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (tenant_id, hash);

ALTER TABLE crm.token
    ADD CONSTRAINT token_purpose_check CHECK ((purpose = ANY (ARRAY['invitation'::text, 'refresh'::text, 'member_invitation'::text, 'password_reset'::text]))) NOT VALID;

ALTER TABLE ONLY crm.touchpoint
    ADD CONSTRAINT touchpoint_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY job.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY job.dead
    ADD CONSTRAINT dead_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY job.done
    ADD CONSTRAINT done_pkey PRIMARY KEY (tenant_id, id, finished_at);

ALTER TABLE ONLY job.gathered
    ADD CONSTRAINT gathered_pkey PRIMARY KEY (tenant_id, kind, id);

ALTER TABLE ONLY job.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY job.paused_queue
    ADD CONSTRAINT paused_queue_pkey PRIMARY KEY (queue);

ALTER TABLE ONLY job.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (tenant_id, name);

ALTER TABLE ONLY job.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY job.tenant_queue
    ADD CONSTRAINT tenant_queue_pkey PRIMARY KEY (tenant_id, queue);

ALTER TABLE ONLY job.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (id);

ALTER TABLE ONLY platform.api_key
    ADD CONSTRAINT api_key_hash_key UNIQUE (hash);

ALTER TABLE ONLY platform.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (id);

ALTER TABLE ONLY platform.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (tenant_id);

ALTER TABLE ONLY platform.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY platform.idempotent_request
    ADD CONSTRAINT idempotent_request_pkey PRIMARY KEY (actor_id, operation, key);

ALTER TABLE ONLY platform.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY platform.routine
    ADD CONSTRAINT routine_pkey PRIMARY KEY (name);

ALTER TABLE ONLY platform.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (id);

ALTER TABLE ONLY platform.tenant
    ADD CONSTRAINT tenant_slug_key UNIQUE (slug);

CREATE UNIQUE INDEX api_key_hash_key ON crm.api_key USING btree (tenant_id, hash);

CREATE UNIQUE INDEX api_key_previous_hash_key ON crm.api_key USING btree (tenant_id, previous_hash) WHERE (previous_hash IS NOT NULL);

CREATE INDEX campaign_created_idx ON crm.campaign USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX campaign_name_key ON crm.campaign USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX campaign_touchpoint_idx ON crm.campaign USING btree (tenant_id, touchpoint_id) WHERE (touchpoint_id IS NOT NULL);

CREATE INDEX consent_record_customer_idx ON crm.consent_record USING btree (tenant_id, customer_id, recorded_at, id);

CREATE INDEX consent_record_given_idx ON crm.consent_record USING btree (tenant_id, customer_id, given_at, id);

CREATE INDEX consent_record_time_idx ON crm.consent_record USING btree (tenant_id, recorded_at, id);

CREATE INDEX contact_point_address_idx ON crm.contact_point USING btree (tenant_id, channel, address_key) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX contact_point_customer_key ON crm.contact_point USING btree (tenant_id, customer_id, channel, address_key) WHERE ((deleted_at IS NULL) AND (customer_id IS NOT NULL));

CREATE UNIQUE INDEX contact_point_member_key ON crm.contact_point USING btree (tenant_id, member_id, channel, address_key) WHERE ((deleted_at IS NULL) AND (member_id IS NOT NULL));

CREATE INDEX contact_point_number_idx ON crm.contact_point USING btree (tenant_id, reverse(address_key)) WHERE ((deleted_at IS NULL) AND (customer_id IS NOT NULL) AND (channel = ANY (ARRAY['phone'::text, 'sms'::text, 'whatsapp'::text])));

CREATE UNIQUE INDEX contact_point_primary_key ON crm.contact_point USING btree (tenant_id, customer_id, channel) WHERE ((deleted_at IS NULL) AND is_primary AND (customer_id IS NOT NULL));

CREATE INDEX customer_attribute_created_idx ON crm.customer_attribute USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX customer_attribute_name_key ON crm.customer_attribute USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX customer_created_idx ON crm.customer USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX customer_deleted_idx ON crm.customer USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX customer_market_market_idx ON crm.customer_market USING btree (tenant_id, market_id, customer_id);

CREATE INDEX customer_marks_idx ON crm.customer USING gin (crm.marks(tenant_id, birth_date, search_name, names, reference, external_references)) WITH (fastupdate=off) WHERE (deleted_at IS NULL);

CREATE INDEX customer_merged_idx ON crm.customer USING btree (tenant_id, merged_into_id) WHERE (merged_into_id IS NOT NULL);

CREATE INDEX customer_merged_reference_idx ON crm.customer USING btree (tenant_id, reference) WHERE (merged_into_id IS NOT NULL);

CREATE INDEX customer_order_customer_idx ON crm.customer_order USING btree (tenant_id, customer_id, ordered_on) WHERE (deleted_at IS NULL);

CREATE INDEX customer_order_day_idx ON crm.customer_order USING btree (tenant_id, happened_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX customer_order_department_idx ON crm.customer_order USING btree (tenant_id, department_id) WHERE (department_id IS NOT NULL);

CREATE UNIQUE INDEX customer_order_reference_key ON crm.customer_order USING btree (tenant_id, reference) WHERE (deleted_at IS NULL);

CREATE INDEX customer_order_removed_idx ON crm.customer_order USING btree (tenant_id, customer_id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX customer_order_returned_idx ON crm.customer_order USING btree (tenant_id, customer_id) WHERE ((returned_amount > (0)::numeric) AND (deleted_at IS NULL));

CREATE INDEX customer_order_timeline_idx ON crm.customer_order USING btree (tenant_id, customer_id, happened_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX customer_order_touchpoint_idx ON crm.customer_order USING btree (tenant_id, touchpoint_id) WHERE (touchpoint_id IS NOT NULL);

CREATE INDEX customer_organisation_idx ON crm.customer USING btree (tenant_id, organisation_id, created_at, id) WHERE (organisation_id IS NOT NULL);

CREATE INDEX customer_owner_idx ON crm.customer USING btree (tenant_id, owner_id, created_at, id) WHERE (owner_id IS NOT NULL);

CREATE INDEX customer_reference_customer_idx ON crm.customer_reference USING btree (tenant_id, customer_id);

CREATE UNIQUE INDEX customer_reference_key ON crm.customer USING btree (tenant_id, reference) WHERE (deleted_at IS NULL);

CREATE INDEX customer_tag_tag_idx ON crm.customer_tag USING btree (tenant_id, tag, customer_id);

CREATE INDEX customer_words_idx ON crm.customer USING gin (name_words) WITH (fastupdate=off) WHERE (deleted_at IS NULL);

CREATE INDEX department_created_idx ON crm.department USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX department_name_key ON crm.department USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX department_parent_idx ON crm.department USING btree (tenant_id, parent_id);

CREATE INDEX duplicate_run_created_idx ON crm.duplicate_run USING btree (tenant_id, created_at, id);

CREATE UNIQUE INDEX duplicate_run_scan_key ON crm.duplicate_run USING btree (tenant_id) WHERE ((kind = 'scan'::text) AND (finished_at IS NULL));

CREATE UNIQUE INDEX duplicate_run_undo_key ON crm.duplicate_run USING btree (tenant_id, undone_run_id) WHERE ((kind = 'undo'::text) AND (finished_at IS NULL));

CREATE INDEX duplicate_score_idx ON crm.duplicate USING btree (tenant_id, state, score, id);

CREATE INDEX duplicate_second_idx ON crm.duplicate USING btree (tenant_id, second_id);

CREATE INDEX event_action_idx ON crm.event USING btree (tenant_id, action, occurred_at, id);

CREATE INDEX event_actor_idx ON crm.event USING btree (tenant_id, actor_id, occurred_at, id) WHERE (actor_id IS NOT NULL);

CREATE INDEX event_object_idx ON crm.event USING btree (tenant_id, object_kind, object_id, id);

CREATE INDEX event_occurred_idx ON crm.event USING btree (tenant_id, occurred_at, id);

CREATE INDEX event_personal_subject_idx ON crm.event_personal USING btree (tenant_id, subject_kind, subject_id);

CREATE INDEX idempotent_request_created_idx ON crm.idempotent_request USING btree (tenant_id, created_at);

CREATE INDEX import_created_idx ON crm.import USING btree (tenant_id, kind, created_at, id);

CREATE UNIQUE INDEX import_digest_key ON crm.import USING btree (tenant_id, kind, digest) WHERE (NOT has_references);

CREATE INDEX import_ended_idx ON crm.import USING btree (tenant_id, ended_at) WHERE (chunk_count > 0);

CREATE INDEX interaction_customer_idx ON crm.interaction USING btree (tenant_id, customer_id, happened_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX interaction_department_idx ON crm.interaction USING btree (tenant_id, department_id, happened_at, id) WHERE (department_id IS NOT NULL);

CREATE INDEX interaction_member_idx ON crm.interaction USING btree (tenant_id, member_id, happened_at, id) WHERE (member_id IS NOT NULL);

CREATE INDEX interaction_open_idx ON crm.interaction USING btree (tenant_id, customer_id, happened_at, id) WHERE (is_open AND (deleted_at IS NULL));

CREATE INDEX interaction_removed_idx ON crm.interaction USING btree (tenant_id, customer_id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX interaction_time_idx ON crm.interaction USING btree (tenant_id, happened_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX interaction_touchpoint_idx ON crm.interaction USING btree (tenant_id, touchpoint_id, happened_at, id) WHERE (touchpoint_id IS NOT NULL);

CREATE INDEX invitation_campaign_idx ON crm.invitation USING btree (tenant_id, campaign_id, id);

CREATE INDEX invitation_excluded_idx ON crm.invitation USING btree (tenant_id, recipient_id) WHERE (state = 'excluded'::text);

CREATE INDEX invitation_open_idx ON crm.invitation USING btree (tenant_id, campaign_id, id) WHERE (state = ANY (ARRAY['planned'::text, 'sending'::text]));

CREATE INDEX invitation_quarantine_idx ON crm.invitation USING btree (tenant_id, recipient_id) WHERE (state <> 'excluded'::text);

CREATE UNIQUE INDEX invitation_recipient_key ON crm.invitation USING btree (tenant_id, campaign_id, wave, recipient_id);

CREATE INDEX invitation_sent_idx ON crm.invitation USING btree (tenant_id, sent_at) WHERE (sent_at IS NOT NULL);

CREATE INDEX invitation_timeline_idx ON crm.invitation USING btree (tenant_id, customer_id, sent_at, id) WHERE (sent_at IS NOT NULL);

CREATE UNIQUE INDEX journey_stage_name_key ON crm.journey_stage USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX journey_stage_position_idx ON crm.journey_stage USING btree (tenant_id, "position", id) WHERE (deleted_at IS NULL);

CREATE INDEX market_created_idx ON crm.market USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX market_name_key ON crm.market USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX market_parent_idx ON crm.market USING btree (tenant_id, parent_id);

CREATE INDEX member_created_idx ON crm.member USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX member_email_key ON crm.member USING btree (tenant_id, email_key) WHERE (deleted_at IS NULL);

CREATE INDEX merge_created_idx ON crm.merge USING btree (tenant_id, created_at, id);

CREATE INDEX merge_merged_idx ON crm.merge USING btree (tenant_id, merged_id, created_at, id);

CREATE INDEX merge_run_idx ON crm.merge USING btree (tenant_id, run_id, created_at, id) WHERE (run_id IS NOT NULL);

CREATE INDEX merge_survivor_idx ON crm.merge USING btree (tenant_id, survivor_id, created_at, id);

CREATE INDEX order_line_product_idx ON crm.order_line USING btree (tenant_id, product_id, order_id) WHERE (product_id IS NOT NULL);

CREATE INDEX order_return_order_idx ON crm.order_return USING btree (tenant_id, order_id, id);

CREATE INDEX plan_created_idx ON crm.plan USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX plan_name_key ON crm.plan USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX plan_segment_idx ON crm.plan USING btree (tenant_id, segment_id);

CREATE UNIQUE INDEX product_code_key ON crm.product USING btree (tenant_id, code) WHERE (deleted_at IS NULL);

CREATE INDEX product_created_idx ON crm.product USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX product_successor_idx ON crm.product USING btree (tenant_id, successor_id);

CREATE INDEX response_campaign_idx ON crm.response USING btree (tenant_id, campaign_id, submitted_at, id);

CREATE INDEX response_customer_idx ON crm.response USING btree (tenant_id, customer_id, submitted_at, id) WHERE (customer_id IS NOT NULL);

CREATE UNIQUE INDEX response_invitation_key ON crm.response USING btree (tenant_id, invitation_id);

CREATE INDEX response_submitted_idx ON crm.response USING btree (tenant_id, submitted_at, id);

CREATE INDEX score_day_day_idx ON crm.score_day USING btree (tenant_id, metric, day);

CREATE INDEX segment_created_idx ON crm.segment USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE INDEX segment_member_customer_idx ON crm.segment_member USING btree (tenant_id, customer_id);

CREATE INDEX segment_member_entered_idx ON crm.segment_member USING btree (tenant_id, segment_id, entered_at, customer_id);

CREATE UNIQUE INDEX segment_name_key ON crm.segment USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX segment_stay_customer_idx ON crm.segment_stay USING btree (tenant_id, customer_id, entered_at);

CREATE INDEX segment_stay_entered_idx ON crm.segment_stay USING btree (tenant_id, segment_id, entered_at, customer_id);

CREATE INDEX segment_stay_left_idx ON crm.segment_stay USING btree (tenant_id, segment_id, left_at, customer_id);

CREATE INDEX session_member_idx ON crm.session USING btree (tenant_id, member_id, created_at);

CREATE INDEX sign_in_failure_failed_idx ON crm.sign_in_failure USING btree (tenant_id, failed_at);

CREATE INDEX stage_change_customer_idx ON crm.stage_change USING btree (tenant_id, customer_id, changed_at, id);

CREATE INDEX stage_change_time_idx ON crm.stage_change USING btree (tenant_id, changed_at, id);

CREATE INDEX survey_created_idx ON crm.survey USING btree (tenant_id, created_at, id) WHERE (deleted_at IS NULL);

CREATE UNIQUE INDEX survey_name_key ON crm.survey USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX token_subject_idx ON crm.token USING btree (tenant_id, subject_id) WHERE (purpose <> 'invitation'::text);

CREATE INDEX touchpoint_department_idx ON crm.touchpoint USING btree (tenant_id, department_id);

CREATE UNIQUE INDEX touchpoint_name_key ON crm.touchpoint USING btree (tenant_id, name) WHERE (deleted_at IS NULL);

CREATE INDEX touchpoint_position_idx ON crm.touchpoint USING btree (tenant_id, "position", id) WHERE (deleted_at IS NULL);

CREATE INDEX touchpoint_stage_idx ON crm.touchpoint USING btree (tenant_id, stage_id);

CREATE INDEX batch_ended_idx ON job.batch USING btree (tenant_id, ended_at) WHERE ((ended_at IS NOT NULL) AND (failed = 0));

CREATE INDEX dead_died_at_idx ON job.dead USING btree (died_at);

CREATE INDEX job_batch_idx ON job.job USING btree (tenant_id, batch_id) WHERE (batch_id IS NOT NULL);

CREATE INDEX job_ready_idx ON job.job USING btree (tenant_id, queue, priority, run_at, id) WHERE (state = 'ready'::text);

CREATE UNIQUE INDEX job_running_key ON job.job USING btree (tenant_id, unique_key) WHERE ((unique_key IS NOT NULL) AND (state = 'running'::text));

CREATE INDEX job_running_tenant_idx ON job.job USING btree (tenant_id, worker_id) WHERE (state = 'running'::text);

CREATE INDEX job_scheduled_idx ON job.job USING btree (tenant_id, run_at) WHERE (state = 'scheduled'::text);

CREATE UNIQUE INDEX job_waiting_key ON job.job USING btree (tenant_id, unique_key) WHERE ((unique_key IS NOT NULL) AND (state = ANY (ARRAY['scheduled'::text, 'ready'::text])));

CREATE INDEX schedule_next_idx ON job.schedule USING btree (next_at) WHERE (NOT is_paused);

CREATE INDEX event_object_idx ON platform.event USING btree (object_id, id);

CREATE INDEX event_occurred_idx ON platform.event USING btree (occurred_at, id);

CREATE INDEX idempotent_request_created_idx ON platform.idempotent_request USING btree (created_at);

CREATE INDEX tenant_created_idx ON platform.tenant USING btree (created_at, id);

ALTER TABLE ONLY crm.answer
    ADD CONSTRAINT answer_response_fkey FOREIGN KEY (tenant_id, response_id) REFERENCES crm.response(tenant_id, id);

ALTER TABLE ONLY crm.api_key
    ADD CONSTRAINT api_key_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.campaign
    ADD CONSTRAINT campaign_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment(tenant_id, id);

ALTER TABLE ONLY crm.campaign
    ADD CONSTRAINT campaign_survey_fkey FOREIGN KEY (tenant_id, survey_id, survey_version) REFERENCES crm.survey_version(tenant_id, survey_id, version);

ALTER TABLE ONLY crm.campaign
    ADD CONSTRAINT campaign_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint(tenant_id, id);

ALTER TABLE ONLY crm.consent
    ADD CONSTRAINT consent_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.consent_record
    ADD CONSTRAINT consent_record_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.contact_point
    ADD CONSTRAINT contact_point_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.contact_point
    ADD CONSTRAINT contact_point_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.customer_attribute
    ADD CONSTRAINT customer_attribute_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.customer_market
    ADD CONSTRAINT customer_market_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer_market
    ADD CONSTRAINT customer_market_market_fkey FOREIGN KEY (tenant_id, market_id) REFERENCES crm.market(tenant_id, id);

ALTER TABLE ONLY crm.customer
    ADD CONSTRAINT customer_merged_fkey FOREIGN KEY (tenant_id, merged_into_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer_order
    ADD CONSTRAINT customer_order_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer_order
    ADD CONSTRAINT customer_order_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department(tenant_id, id);

ALTER TABLE ONLY crm.customer_order
    ADD CONSTRAINT customer_order_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.customer_order
    ADD CONSTRAINT customer_order_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint(tenant_id, id);

ALTER TABLE ONLY crm.customer
    ADD CONSTRAINT customer_organisation_fkey FOREIGN KEY (tenant_id, organisation_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer
    ADD CONSTRAINT customer_owner_fkey FOREIGN KEY (tenant_id, owner_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.customer_reference
    ADD CONSTRAINT customer_reference_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer_summary
    ADD CONSTRAINT customer_summary_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer_tag
    ADD CONSTRAINT customer_tag_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.customer
    ADD CONSTRAINT customer_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.department
    ADD CONSTRAINT department_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.department(tenant_id, id);

ALTER TABLE ONLY crm.department
    ADD CONSTRAINT department_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.duplicate_run
    ADD CONSTRAINT duplicate_run_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.duplicate_run
    ADD CONSTRAINT duplicate_run_undone_fkey FOREIGN KEY (tenant_id, undone_run_id) REFERENCES crm.duplicate_run(tenant_id, id);

ALTER TABLE ONLY crm.duplicate
    ADD CONSTRAINT duplicate_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.event_personal
    ADD CONSTRAINT event_personal_event_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES crm.event(tenant_id, id);

ALTER TABLE ONLY crm.event
    ADD CONSTRAINT event_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.idempotent_request
    ADD CONSTRAINT idempotent_request_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.import_chunk
    ADD CONSTRAINT import_chunk_import_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES crm.import(tenant_id, id);

ALTER TABLE ONLY crm.import_reject
    ADD CONSTRAINT import_reject_import_fkey FOREIGN KEY (tenant_id, import_id) REFERENCES crm.import(tenant_id, id);

ALTER TABLE ONLY crm.import
    ADD CONSTRAINT import_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.interaction
    ADD CONSTRAINT interaction_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.interaction
    ADD CONSTRAINT interaction_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department(tenant_id, id);

ALTER TABLE ONLY crm.interaction
    ADD CONSTRAINT interaction_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.interaction
    ADD CONSTRAINT interaction_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint(tenant_id, id);

ALTER TABLE ONLY crm.invitation
    ADD CONSTRAINT invitation_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES crm.campaign(tenant_id, id);

ALTER TABLE ONLY crm.invitation
    ADD CONSTRAINT invitation_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.invitation
    ADD CONSTRAINT invitation_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.journey_stage
    ADD CONSTRAINT journey_stage_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.market
    ADD CONSTRAINT market_parent_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES crm.market(tenant_id, id);

ALTER TABLE ONLY crm.market
    ADD CONSTRAINT market_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.member_password
    ADD CONSTRAINT member_password_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.member
    ADD CONSTRAINT member_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.merge
    ADD CONSTRAINT merge_merged_fkey FOREIGN KEY (tenant_id, merged_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.merge_row
    ADD CONSTRAINT merge_row_merge_fkey FOREIGN KEY (tenant_id, merge_id) REFERENCES crm.merge(tenant_id, id);

ALTER TABLE ONLY crm.merge
    ADD CONSTRAINT merge_run_fkey FOREIGN KEY (tenant_id, run_id) REFERENCES crm.duplicate_run(tenant_id, id);

ALTER TABLE ONLY crm.merge
    ADD CONSTRAINT merge_survivor_fkey FOREIGN KEY (tenant_id, survivor_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.order_line
    ADD CONSTRAINT order_line_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES crm.customer_order(tenant_id, id);

ALTER TABLE ONLY crm.order_line
    ADD CONSTRAINT order_line_product_fkey FOREIGN KEY (tenant_id, product_id) REFERENCES crm.product(tenant_id, id);

ALTER TABLE ONLY crm.order_return
    ADD CONSTRAINT order_return_line_fkey FOREIGN KEY (tenant_id, order_id, line_number) REFERENCES crm.order_line(tenant_id, order_id, number);

ALTER TABLE ONLY crm.order_return
    ADD CONSTRAINT order_return_order_fkey FOREIGN KEY (tenant_id, order_id) REFERENCES crm.customer_order(tenant_id, id);

ALTER TABLE ONLY crm.plan_revision
    ADD CONSTRAINT plan_revision_plan_fkey FOREIGN KEY (tenant_id, plan_id) REFERENCES crm.plan(tenant_id, id);

ALTER TABLE ONLY crm.plan
    ADD CONSTRAINT plan_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment(tenant_id, id);

ALTER TABLE ONLY crm.product
    ADD CONSTRAINT product_successor_fkey FOREIGN KEY (tenant_id, successor_id) REFERENCES crm.product(tenant_id, id);

ALTER TABLE ONLY crm.product
    ADD CONSTRAINT product_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.response
    ADD CONSTRAINT response_invitation_fkey FOREIGN KEY (tenant_id, invitation_id) REFERENCES crm.invitation(tenant_id, id);

ALTER TABLE ONLY crm.response
    ADD CONSTRAINT response_survey_fkey FOREIGN KEY (tenant_id, survey_id, survey_version) REFERENCES crm.survey_version(tenant_id, survey_id, version);

ALTER TABLE ONLY crm.score_day
    ADD CONSTRAINT score_day_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.segment_member
    ADD CONSTRAINT segment_member_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.segment_member
    ADD CONSTRAINT segment_member_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment(tenant_id, id);

ALTER TABLE ONLY crm.segment_stay
    ADD CONSTRAINT segment_stay_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.segment_stay
    ADD CONSTRAINT segment_stay_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment(tenant_id, id);

ALTER TABLE ONLY crm.segment
    ADD CONSTRAINT segment_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.session
    ADD CONSTRAINT session_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member(tenant_id, id);

ALTER TABLE ONLY crm.sign_in_failure
    ADD CONSTRAINT sign_in_failure_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.stage_change
    ADD CONSTRAINT stage_change_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer(tenant_id, id);

ALTER TABLE ONLY crm.suppression
    ADD CONSTRAINT suppression_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.survey
    ADD CONSTRAINT survey_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.survey_version
    ADD CONSTRAINT survey_version_survey_fkey FOREIGN KEY (tenant_id, survey_id) REFERENCES crm.survey(tenant_id, id);

ALTER TABLE ONLY crm.tenant_setting
    ADD CONSTRAINT tenant_setting_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.token
    ADD CONSTRAINT token_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY crm.touchpoint
    ADD CONSTRAINT touchpoint_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department(tenant_id, id);

ALTER TABLE ONLY crm.touchpoint
    ADD CONSTRAINT touchpoint_stage_fkey FOREIGN KEY (tenant_id, stage_id) REFERENCES crm.journey_stage(tenant_id, id);

ALTER TABLE ONLY crm.touchpoint
    ADD CONSTRAINT touchpoint_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant(id);

ALTER TABLE ONLY job.batch
    ADD CONSTRAINT batch_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES job.tenant(tenant_id);

ALTER TABLE ONLY job.schedule
    ADD CONSTRAINT schedule_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES job.tenant(tenant_id);

ALTER TABLE ONLY job.tenant_queue
    ADD CONSTRAINT tenant_queue_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES job.tenant(tenant_id);

ALTER TABLE crm.answer ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.api_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.campaign ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.consent ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.consent_record ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.contact_point ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_attribute ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_market ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_order ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_reference ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_summary ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.customer_tag ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.department ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.duplicate ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.duplicate_run ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.event ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.event_personal ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.idempotent_request ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.import ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.import_chunk ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.import_reject ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.interaction ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.invitation ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.journey_stage ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.market ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.member ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.member_password ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.merge ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.merge_row ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.order_line ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.order_return ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.plan ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.plan_revision ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform ON crm.event FOR INSERT TO mehvar_platform WITH CHECK (((object_kind = 'tenant'::text) AND (object_id = tenant_id) AND (actor_kind = ANY (ARRAY['platform'::text, 'cli'::text]))));

CREATE POLICY platform ON crm.tenant_setting TO mehvar_platform USING (true) WITH CHECK (true);

ALTER TABLE crm.product ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.response ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.score_day ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.segment ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.segment_member ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.segment_stay ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.session ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.sign_in_failure ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.stage_change ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.suppression ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.survey ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.survey_version ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON crm.answer TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.api_key TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.campaign TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.consent TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.consent_record TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.contact_point TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_attribute TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_market TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_order TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_reference TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_summary TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.customer_tag TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.department TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.duplicate TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.duplicate_run TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.event TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.event_personal TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.idempotent_request TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.import TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.import_chunk TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.import_reject TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.interaction TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.invitation TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.journey_stage TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.market TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.member TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.member_password TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.merge TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.merge_row TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.order_line TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.order_return TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.plan TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.plan_revision TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.product TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.response TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.score_day TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.segment TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.segment_member TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.segment_stay TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.session TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.sign_in_failure TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.stage_change TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.suppression TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.survey TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.survey_version TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.tenant_setting TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.token TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON crm.touchpoint TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

ALTER TABLE crm.tenant_setting ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.token ENABLE ROW LEVEL SECURITY;

ALTER TABLE crm.touchpoint ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.batch ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.dead ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.done ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.gathered ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.job ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform ON job.job TO mehvar_platform USING ((tenant_id = '00000000-0000-0000-0000-000000000000'::uuid)) WITH CHECK ((tenant_id = '00000000-0000-0000-0000-000000000000'::uuid));

CREATE POLICY platform ON job.schedule TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY platform ON job.tenant TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.batch TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.dead TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.done TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.gathered TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.job TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.schedule TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.tenant TO mehvar_queue USING (true) WITH CHECK (true);

CREATE POLICY queue ON job.tenant_queue TO mehvar_queue USING (true) WITH CHECK (true);

ALTER TABLE job.schedule ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON job.batch TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON job.gathered TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON job.job TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

CREATE POLICY tenant ON job.schedule TO mehvar_app USING ((tenant_id = (current_setting('mehvar.tenant_id'::text))::uuid));

ALTER TABLE job.tenant ENABLE ROW LEVEL SECURITY;

ALTER TABLE job.tenant_queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE platform.api_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE platform.erasure ENABLE ROW LEVEL SECURITY;

ALTER TABLE platform.event ENABLE ROW LEVEL SECURITY;

ALTER TABLE platform.idempotent_request ENABLE ROW LEVEL SECURITY;

CREATE POLICY platform ON platform.api_key TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY platform ON platform.erasure TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY platform ON platform.event TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY platform ON platform.idempotent_request TO mehvar_platform USING (true) WITH CHECK (true);

CREATE POLICY platform ON platform.tenant TO mehvar_platform USING (true) WITH CHECK (true);

ALTER TABLE platform.tenant ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON platform.tenant FOR SELECT TO mehvar_app USING ((id = (current_setting('mehvar.tenant_id'::text))::uuid));

GRANT USAGE ON SCHEMA crm TO mehvar_app;
GRANT USAGE ON SCHEMA crm TO mehvar_platform;

GRANT USAGE ON SCHEMA job TO mehvar_app;
GRANT USAGE ON SCHEMA job TO mehvar_queue;
GRANT USAGE ON SCHEMA job TO mehvar_platform;

GRANT USAGE ON SCHEMA platform TO mehvar_app;
GRANT USAGE ON SCHEMA platform TO mehvar_platform;
GRANT USAGE ON SCHEMA platform TO mehvar_queue;

REVOKE USAGE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO mehvar_owner;
GRANT USAGE ON SCHEMA public TO mehvar_app;

REVOKE ALL ON FUNCTION crm.normalise(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.normalise(value text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.address_key(channel text, address text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.address_key(channel text, address text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.allowed_origins() FROM PUBLIC;
GRANT ALL ON FUNCTION crm.allowed_origins() TO mehvar_app;

REVOKE ALL ON FUNCTION crm."analyse"(tables text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION crm."analyse"(tables text[]) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.begin_request(tenant uuid, actor uuid, asked text, named text, digested bytea, object uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.birth_marks(tenant uuid, born date, search_name text, names jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.birth_marks(tenant uuid, born date, search_name text, names jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.check_attribute_filters(tenant uuid, filters jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.check_attribute_filters(tenant uuid, filters jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.check_attributes(tenant uuid, old jsonb, new jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.check_attributes(tenant uuid, old jsonb, new jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.customers_by_address(of_channel text, beginning text, most integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.erase_person(person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.erase_person(person uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.erased_key(address_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.erased_key(address_key text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.find_duplicates(customers uuid[], whole boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.find_duplicates(customers uuid[], whole boolean) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.forget_customer(person uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.former_references(tenant uuid, customer uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.former_references(tenant uuid, customer uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.give_back(undone uuid, survivor uuid, merged uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.give_back(undone uuid, survivor uuid, merged uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.give_to_survivor(merged_by uuid, survivor uuid, merged uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.give_to_survivor(merged_by uuid, survivor uuid, merged uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.is_day(day text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.is_day(day text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.is_near_number(one text, other text) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.is_same_number(one text, other text) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.likely_pairs(customers uuid[], whole boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.markets_below(tenant uuid, markets uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.markets_below(tenant uuid, markets uuid[]) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.reference_marks(tenant uuid, reference text, others jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.reference_marks(tenant uuid, reference text, others jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.marks(tenant uuid, born date, search_name text, names jsonb, reference text, others jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.marks(tenant uuid, born date, search_name text, names jsonb, reference text, others jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.merged_into(survivor uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.merged_into(survivor uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.name_likeness(one text, ones jsonb, other text, others jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.spaced_words(normalised text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.spaced_words(normalised text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.word_mark(tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.word_mark(tenant uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.name_words(tenant uuid, name text, names jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.name_words(tenant uuid, name text, names jsonb) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.near_ends(number text) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.near_words(word text) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.note_people(merging uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.person(person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.person(person uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.rank_customers(tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.rank_customers(tenant uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.recompute_scores(tenant uuid, counted_day date, zone text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.recompute_scores(tenant uuid, counted_day date, zone text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.reference_form(reference text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.reference_form(reference text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.rename_tenant(renamed uuid, new_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.rename_tenant(renamed uuid, new_name text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.search_customers(asked text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.search_customers(asked text, most integer) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.set_tenant(tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.set_tenant(tenant uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.settle_consents(tenant uuid, customer uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.summarise(tenant uuid, currency text, customers uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.summarise(tenant uuid, currency text, customers uuid[]) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.survivor_of(tenant uuid, customer uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.survivor_of(tenant uuid, customer uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.tenant_named(named text) FROM PUBLIC;
GRANT ALL ON FUNCTION crm.tenant_named(named text) TO mehvar_app;

REVOKE ALL ON FUNCTION crm.word_query(word text, begins boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION crm.written(text text) FROM PUBLIC;

REVOKE ALL ON FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[], places tid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.archive(tenants uuid[], ids uuid[], leases bigint[], outcomes text[], places tid[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.archive_completed(tenants uuid[], ids uuid[], leases bigint[], places tid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.archive_completed(tenants uuid[], ids uuid[], leases bigint[], places tid[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.bury(tenants uuid[], ids uuid[], leases bigint[], reasons text[], rescued integer[], failures jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.bury(tenants uuid[], ids uuid[], leases bigint[], reasons text[], rescued integer[], failures jsonb[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.cancel(tenants uuid[], ids uuid[], OUT cancelled bigint, OUT asked bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION job.cancel(tenants uuid[], ids uuid[], OUT cancelled bigint, OUT asked bigint) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.claim_limited(worker uuid, kinds text[], versions integer[], tenant uuid, claimed_queue text, slots integer) FROM PUBLIC;
GRANT ALL ON FUNCTION job.claim_limited(worker uuid, kinds text[], versions integer[], tenant uuid, claimed_queue text, slots integer) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.close_batch(tenant uuid, closed uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION job.close_batch(tenant uuid, closed uuid) TO mehvar_app;

REVOKE ALL ON FUNCTION job.complete(job_id uuid, job_lease bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION job.complete(job_id uuid, job_lease bigint) TO mehvar_app;

REVOKE ALL ON FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) TO mehvar_queue;
GRANT ALL ON FUNCTION job.count_in_batches(tenants uuid[], batches uuid[], outcomes text[]) TO mehvar_app;

REVOKE ALL ON FUNCTION job.extend_batch(tenant uuid, extended uuid, jobs bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION job.extend_batch(tenant uuid, extended uuid, jobs bigint) TO mehvar_app;

REVOKE ALL ON FUNCTION job.forget(forgotten uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION job.forget(forgotten uuid, most integer) TO mehvar_platform;

REVOKE ALL ON FUNCTION job.gather() FROM PUBLIC;
GRANT ALL ON FUNCTION job.gather() TO mehvar_queue;

REVOKE ALL ON FUNCTION job.give_back(tenants uuid[], ids uuid[], leases bigint[], states text[], run_ats timestamp with time zone[], refunds integer[], rescued integer[], failures jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.give_back(tenants uuid[], ids uuid[], leases bigint[], states text[], run_ats timestamp with time zone[], refunds integer[], rescued integer[], failures jsonb[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.lock_runs(tenants uuid[], ids uuid[], leases bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.lock_runs(tenants uuid[], ids uuid[], leases bigint[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.maintain_partitions(days_ahead integer, days_kept integer, OUT made integer, OUT dropped integer, OUT put_off integer) FROM PUBLIC;
GRANT ALL ON FUNCTION job.maintain_partitions(days_ahead integer, days_kept integer, OUT made integer, OUT dropped integer, OUT put_off integer) TO mehvar_queue;

REVOKE ALL ON FUNCTION job.retry(tenants uuid[], ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION job.retry(tenants uuid[], ids uuid[]) TO mehvar_queue;

REVOKE ALL ON FUNCTION platform.begin_request(actor uuid, asked text, named text, digested bytea, object uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION platform.begin_request(actor uuid, asked text, named text, digested bytea, object uuid) TO mehvar_platform;

REVOKE ALL ON FUNCTION platform.erase(doomed uuid, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION platform.erase(doomed uuid, most integer) TO mehvar_platform;

REVOKE ALL ON FUNCTION platform.protect(tenant_table regclass, privileges text) FROM PUBLIC;

REVOKE ALL ON FUNCTION platform.tenant_tables() FROM PUBLIC;

REVOKE ALL ON FUNCTION platform.usage(asked uuid, OUT customers bigint, OUT members bigint, OUT keys bigint, OUT mails bigint, OUT responses bigint, OUT waiting bigint, OUT dead bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION platform.usage(asked uuid, OUT customers bigint, OUT members bigint, OUT keys bigint, OUT mails bigint, OUT responses bigint, OUT waiting bigint, OUT dead bigint) TO mehvar_platform;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.answer TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.api_key TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.campaign TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.consent TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.consent_record TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.contact_point TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.customer TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.customer_attribute TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.customer_market TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.customer_order TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.customer_reference TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.customer_summary TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.customer_tag TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.department TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.duplicate TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.duplicate_run TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.event TO mehvar_app;
GRANT INSERT ON TABLE crm.event TO mehvar_platform;

GRANT SELECT,INSERT,DELETE ON TABLE crm.event_personal TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.idempotent_request TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.import TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.import_chunk TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.import_reject TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.interaction TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.invitation TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.journey_stage TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.market TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.member TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.member_password TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.merge TO mehvar_app;

GRANT SELECT ON TABLE crm.merge_row TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.order_line TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.order_return TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.plan TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.plan_revision TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.product TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.response TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.score_day TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.segment TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.segment_member TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.segment_stay TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.session TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crm.sign_in_failure TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.stage_change TO mehvar_app;

GRANT SELECT,INSERT,DELETE ON TABLE crm.suppression TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.survey TO mehvar_app;

GRANT SELECT,INSERT ON TABLE crm.survey_version TO mehvar_app;

GRANT SELECT,UPDATE ON TABLE crm.tenant_setting TO mehvar_app;
GRANT SELECT,INSERT ON TABLE crm.tenant_setting TO mehvar_platform;

GRANT SELECT,INSERT,DELETE ON TABLE crm.token TO mehvar_app;

GRANT UPDATE(expires_at) ON TABLE crm.token TO mehvar_app;

GRANT SELECT,INSERT,UPDATE ON TABLE crm.touchpoint TO mehvar_app;

GRANT SELECT,INSERT ON TABLE job.batch TO mehvar_app;
GRANT SELECT,DELETE,UPDATE ON TABLE job.batch TO mehvar_queue;

GRANT UPDATE(is_open) ON TABLE job.batch TO mehvar_app;

GRANT UPDATE(total) ON TABLE job.batch TO mehvar_app;

GRANT UPDATE(done) ON TABLE job.batch TO mehvar_app;

GRANT UPDATE(failed) ON TABLE job.batch TO mehvar_app;

GRANT UPDATE(cancelled) ON TABLE job.batch TO mehvar_app;

GRANT UPDATE(ended_at) ON TABLE job.batch TO mehvar_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.dead TO mehvar_queue;

GRANT SELECT,INSERT ON TABLE job.done TO mehvar_queue;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.gathered TO mehvar_app;
GRANT SELECT ON TABLE job.gathered TO mehvar_queue;

GRANT SELECT,INSERT ON TABLE job.job TO mehvar_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.job TO mehvar_queue;
GRANT SELECT,INSERT ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(version) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(version) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(priority) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(priority) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(state) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(state) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(run_at) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(run_at) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(max_attempts) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(max_attempts) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(parameters) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(parameters) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(cost) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(cost) ON TABLE job.job TO mehvar_platform;

GRANT UPDATE(deadline) ON TABLE job.job TO mehvar_app;
GRANT UPDATE(deadline) ON TABLE job.job TO mehvar_platform;

GRANT SELECT,INSERT,DELETE ON TABLE job.paused_queue TO mehvar_queue;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.schedule TO mehvar_app;
GRANT SELECT,UPDATE ON TABLE job.schedule TO mehvar_queue;
GRANT SELECT,INSERT,UPDATE ON TABLE job.schedule TO mehvar_platform;

GRANT SELECT ON TABLE job.tenant TO mehvar_queue;
GRANT SELECT,INSERT,UPDATE ON TABLE job.tenant TO mehvar_platform;

GRANT UPDATE(weight) ON TABLE job.tenant TO mehvar_queue;

GRANT UPDATE(is_held) ON TABLE job.tenant TO mehvar_queue;

GRANT UPDATE(max_running) ON TABLE job.tenant TO mehvar_queue;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.tenant_queue TO mehvar_queue;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE job.worker TO mehvar_queue;

GRANT SELECT,INSERT,UPDATE ON TABLE platform.api_key TO mehvar_platform;

GRANT SELECT ON TABLE platform.erasure TO mehvar_platform;

GRANT SELECT,INSERT ON TABLE platform.event TO mehvar_platform;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE platform.idempotent_request TO mehvar_platform;

GRANT SELECT ON TABLE platform.migration TO mehvar_app;
GRANT SELECT ON TABLE platform.migration TO mehvar_platform;
GRANT SELECT ON TABLE platform.migration TO mehvar_queue;

GRANT SELECT ON TABLE platform.tenant TO mehvar_app;
GRANT SELECT,INSERT,UPDATE ON TABLE platform.tenant TO mehvar_platform;

ALTER DEFAULT PRIVILEGES FOR ROLE mehvar_owner REVOKE ALL ON FUNCTIONS  FROM PUBLIC;

