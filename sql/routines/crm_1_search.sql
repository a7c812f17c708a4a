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

-- Some customers of the transaction's tenant by the beginnings of their addresses of a channel, in the order of these. Read in that order, so
-- that no more are looked at than are given, but for those who are gone; of these at most some two hundred.
CREATE OR REPLACE FUNCTION crm.customers_by_address(of_channel text, beginning text, most integer) RETURNS SETOF uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_indexscan = on
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
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
REVOKE ALL ON FUNCTION crm.customers_by_address(text, text, integer) FROM PUBLIC;

-- The customers of the transaction's tenant that a text finds, best first: by address or reference, by the words of the name, by the
-- beginnings of these, of e-mail addresses and numbers, and where nobody is called so, by words like those that nobody is called by. At most a
-- thousand are compared; of a single word that more than fifty thousand have, which ones is left to chance. Row security would keep the
-- index from being entered, so this sees all rows and names the tenant itself.
CREATE OR REPLACE FUNCTION crm.search_customers(asked text, most integer) RETURNS TABLE (customer_id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_indexscan = off
SET enable_indexonlyscan = off
SET jit = off
-- Room for the places of a hundred thousand customers: a list that is longer is kept by pages, and each place on them looked at.
SET work_mem = '32MB'
SET gin_fuzzy_search_limit = 0
AS $$
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
$$;
REVOKE ALL ON FUNCTION crm.search_customers(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.search_customers(text, integer) TO mehvar_app;
-- What it was before addresses of all channels were found so.
DROP FUNCTION IF EXISTS crm.customers_by_address(text, integer);
