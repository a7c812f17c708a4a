-- How alike the names of two customers are, 0 to 1, whatever the order of the words: the best of what they are called in any script.
CREATE OR REPLACE FUNCTION crm.name_likeness(one text, ones jsonb, other text, others jsonb) RETURNS real
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ones = '{}' AND others = '{}' THEN public.similarity(one, other) ELSE (
    SELECT max(public.similarity(a.form, b.form))
    FROM (SELECT one UNION SELECT crm.normalise(e.value) FROM jsonb_each_text(ones) AS e) AS a (form)
    CROSS JOIN (SELECT other UNION SELECT crm.normalise(e.value) FROM jsonb_each_text(others) AS e) AS b (form)) END;
REVOKE ALL ON FUNCTION crm.name_likeness(text, jsonb, text, jsonb) FROM PUBLIC;

-- Whether two numbers without leading zeros are one, with or without what stands before the national number.
CREATE OR REPLACE FUNCTION crm.is_same_number(one text, other text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN one = other OR (least(length(one), length(other)) >= 9 AND (right(one, length(other)) = other OR right(other, length(one)) = one));
REVOKE ALL ON FUNCTION crm.is_same_number(text, text) FROM PUBLIC;

-- Whether the last ten digits of two such numbers differ in one place.
CREATE OR REPLACE FUNCTION crm.is_near_number(one text, other text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN least(length(one), length(other)) >= 9 AND least(length(one), 10) = least(length(other), 10)
    AND (SELECT count(*) FROM generate_series(1, 10) AS p WHERE substr(right(one, 10), p, 1) <> substr(right(other, 10), p, 1)) = 1;
REVOKE ALL ON FUNCTION crm.is_near_number(text, text) FROM PUBLIC;

-- How the numbers end, reversed, that may differ from one in one place: with another digit among the last six, or with the same last six.
CREATE OR REPLACE FUNCTION crm.near_ends(number text) RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT reverse(left(right(number, 9), p - 1) || d || substr(right(number, 9), p + 1))
    FROM generate_series(4, 9) AS p, generate_series(0, 9) AS d
    WHERE length(number) >= 9 AND substr(right(number, 9), p, 1) <> d::text
    UNION ALL SELECT reverse(right(number, 6)) WHERE length(number) >= 9
$$;
REVOKE ALL ON FUNCTION crm.near_ends(text) FROM PUBLIC;

-- The pairs of the transaction's tenant, with one of the customers in each, that may be one customer. Candidates share an e-mail address, a
-- number, one but for a digit, a reference, or the birth date and how a word of the name begins; what more than a few share, such as a
-- switchboard's number, says nothing. When the whole tenant is looked through, each pair is found from its first customer alone.
CREATE OR REPLACE FUNCTION crm.likely_pairs(customers uuid[], whole boolean)
RETURNS TABLE (first_id uuid, second_id uuid, score smallint, reasons text[], doubts text[])
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
REVOKE ALL ON FUNCTION crm.likely_pairs(uuid[], boolean) FROM PUBLIC;

-- Brings the open pairs of some customers of the transaction's tenant up to date, and gives how many they have. What was decided stays; who was
-- told apart from a customer is told apart from whomever that customer was made one with. One does it at a time, or what one saw earlier would
-- be written over what the other saw later. No customer is locked. Row security would keep the indexes from being entered, so this sees all
-- rows and names the tenant itself.
CREATE OR REPLACE FUNCTION crm.find_duplicates(customers uuid[], whole boolean) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET jit = off
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
REVOKE ALL ON FUNCTION crm.find_duplicates(uuid[], boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.find_duplicates(uuid[], boolean) TO mehvar_app;
