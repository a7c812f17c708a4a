-- The forms that a word may have been mistyped from: one letter left out, too much, another one, or two that changed places.
CREATE OR REPLACE FUNCTION crm.near_words(word text) RETURNS SETOF text
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
REVOKE ALL ON FUNCTION crm.near_words(text) FROM PUBLIC;

-- A word of the transaction's tenant as a search for it, and for those that begin with it when asked.
CREATE OR REPLACE FUNCTION crm.word_query(word text, begins boolean) RETURNS tsquery
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN ('''' || crm.word_mark(current_setting('mehvar.tenant_id')::uuid) || word || CASE WHEN begins THEN ''':*' ELSE '''' END)::tsquery;
REVOKE ALL ON FUNCTION crm.word_query(text, boolean) FROM PUBLIC;

-- The customers of the transaction's tenant that a text finds, best first: by address or reference, by the words of the name, by their
-- beginnings, and where a word is none that anybody is called by, by words like it. At most a thousand are compared. Row security would keep
-- the index from being entered, so this sees all rows and names the tenant itself.
CREATE OR REPLACE FUNCTION crm.search_customers(asked text, most integer) RETURNS TABLE (customer_id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_indexscan = off
SET enable_indexonlyscan = off
SET jit = off
AS $$
DECLARE
    tenant constant uuid := current_setting('mehvar.tenant_id')::uuid;
    wanted constant text := crm.normalise(asked);
    digits constant text := ltrim(regexp_replace(wanted, '[^0-9]', '', 'g'), '0');
    typed constant text[] := string_to_array(crm.spaced_words(wanted), ' ');
    word text;
    near tsquery;
    exactly tsquery;
    loosely tsquery;
    candidates uuid[] := '{}';
    sure uuid[];
BEGIN
    -- What names one customer alone.
    sure := ARRAY(
        SELECT c.id FROM crm.customer c WHERE c.tenant_id = tenant AND c.reference = btrim(asked) AND c.deleted_at IS NULL
        UNION (SELECT r.customer_id FROM crm.customer_reference r WHERE r.tenant_id = tenant AND r.reference = btrim(asked) LIMIT 100)
        UNION (SELECT p.customer_id FROM crm.contact_point p
            WHERE p.tenant_id = tenant AND p.channel = 'email' AND p.address_key >= wanted AND p.address_key < wanted || U&'\+10FFFD'
                AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL AND wanted ~ '@' LIMIT 100)
        UNION (SELECT p.customer_id FROM crm.contact_point p
            WHERE p.tenant_id = tenant AND p.channel IN ('phone', 'sms', 'whatsapp')
                AND reverse(p.address_key) >= reverse(digits) AND reverse(p.address_key) < reverse(digits) || ':'
                AND p.deleted_at IS NULL AND p.customer_id IS NOT NULL AND length(digits) >= 4 AND wanted !~ '[^0-9+() .-]' LIMIT 100));
    FOREACH word IN ARRAY typed[1:8] LOOP
        CONTINUE WHEN word = '';
        near := crm.word_query(word, true);
        IF length(word) >= 4 AND NOT EXISTS (SELECT FROM crm.customer c WHERE c.name_words @@ near AND c.deleted_at IS NULL LIMIT 1) THEN
            SELECT string_agg(q.query::text, ' | ')::tsquery INTO near
            FROM (SELECT crm.word_query(n.word, false) AS query FROM crm.near_words(word) AS n (word)
                WHERE length(n.word) > 2
                    AND EXISTS (SELECT FROM crm.customer c WHERE c.name_words @@ crm.word_query(n.word, false) AND c.deleted_at IS NULL LIMIT 1)
                LIMIT 20) AS q;
            IF near IS NULL THEN near := crm.word_query(word, true); END IF;
            exactly := CASE WHEN exactly IS NULL THEN near ELSE exactly && near END;
        ELSE
            exactly := CASE WHEN exactly IS NULL THEN crm.word_query(word, false) ELSE exactly && crm.word_query(word, false) END;
        END IF;
        loosely := CASE WHEN loosely IS NULL THEN near ELSE loosely && near END;
    END LOOP;
    -- The tenant is in the words; by its id another index would be entered for all of its customers.
    IF loosely IS NOT NULL THEN
        candidates := ARRAY(
            SELECT c.id FROM crm.customer c
            WHERE c.name_words @@ exactly AND c.deleted_at IS NULL LIMIT 1000);
        IF cardinality(candidates) < most THEN
            candidates := candidates || ARRAY(
                SELECT c.id FROM crm.customer c
                WHERE c.name_words @@ loosely AND c.deleted_at IS NULL LIMIT 1000);
        END IF;
    END IF;
    RETURN QUERY
        SELECT c.id, (CASE WHEN c.id = ANY (sure) THEN 2 ELSE 0 END
            + public.similarity(c.search_name, wanted)
            -- As good as half a name in the script that the business usually writes.
            + CASE WHEN c.names = '{}' THEN 0
                ELSE 0.5 * public.word_similarity(wanted, crm.normalise(jsonb_path_query_array(c.names, '$.*')::text)) END)::real
        FROM crm.customer c
        WHERE c.tenant_id = tenant AND c.id = ANY (sure || candidates) AND c.deleted_at IS NULL
        ORDER BY 2 DESC, c.search_name, c.id LIMIT most;
END
$$;
REVOKE ALL ON FUNCTION crm.search_customers(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.search_customers(text, integer) TO mehvar_app;
