-- Everybody who was made one with a customer of the transaction's tenant, however indirectly.
CREATE OR REPLACE FUNCTION crm.merged_into(survivor uuid) RETURNS uuid[]
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE same (id) AS (
        SELECT c.id FROM crm.customer c WHERE c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.merged_into_id = survivor
        UNION
        SELECT c.id FROM same s JOIN crm.customer c ON c.tenant_id = current_setting('mehvar.tenant_id')::uuid AND c.merged_into_id = s.id
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM same
$$;
REVOKE ALL ON FUNCTION crm.merged_into(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.merged_into(uuid) TO mehvar_app;

-- Everything that is kept of a customer of the transaction's tenant, table by table, also of one who was deleted; null for nobody.
CREATE OR REPLACE FUNCTION crm.person(person uuid) RETURNS jsonb
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
REVOKE ALL ON FUNCTION crm.person(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.person(uuid) TO mehvar_app;

-- A regular expression that finds a text, large letters as small ones, however CSV and JSON write it: quotation marks may stand twice, whatever
-- else behind a backslash or as \u with its code, or with two for what is beyond 16 bits. A short one is found as a word only.
CREATE OR REPLACE FUNCTION crm.written(text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(CASE WHEN length(text) < 5 THEN '(?<![[:alnum:]])(?:%s)(?![[:alnum:]])' ELSE '%s' END,
        string_agg(format(CASE WHEN a.letter IN ('"', '\') THEN '(?:\\?\U%s{1,2}|%s)' ELSE '(?:\\?\U%s|%s)' END, lpad(to_hex(ascii(a.letter)), 8, '0'),
        (SELECT string_agg(DISTINCT CASE
                WHEN u.code < 65536 THEN '\\u' || lpad(to_hex(u.code), 4, '0')
                ELSE '\\u' || to_hex(55296 + ((u.code - 65536) >> 10)) || '\\u' || to_hex(56320 + ((u.code - 65536) & 1023)) END, '|')
            FROM unnest(ARRAY[ascii(a.letter), ascii(lower(a.letter)), ascii(upper(a.letter))]) AS u (code))), '' ORDER BY a.place))
    FROM regexp_split_to_table(text, '') WITH ORDINALITY AS a (letter, place)
$$;
REVOKE ALL ON FUNCTION crm.written(text) FROM PUBLIC;

-- Takes everything that tells of a person away from a customer of the transaction's tenant, for good. What counts without saying of whom
-- stays: amounts, days, scores, what was done in which department. Raises MV005 for an organisation
-- that people belong to.
CREATE OR REPLACE FUNCTION crm.forget_customer(person uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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
REVOKE ALL ON FUNCTION crm.forget_customer(uuid) FROM PUBLIC;

-- The same of a customer and of everybody who was made one with that one. False for nobody, and for who was made one with another customer
-- and is forgotten with that one.
CREATE OR REPLACE FUNCTION crm.erase_person(person uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
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
REVOKE ALL ON FUNCTION crm.erase_person(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.erase_person(uuid) TO mehvar_app;
