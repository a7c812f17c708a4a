-- Customers are found by the words of their names, by addresses and by references.
-- The table of customers is written anew, which takes a minute or so for ten million and has everybody wait: a time for it is chosen.

-- What marks a tenant's words in an index, so that those of others are no part of a search: its last digits, which are random.
CREATE FUNCTION crm.word_mark(tenant uuid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN right(tenant::text, 8);
GRANT EXECUTE ON FUNCTION crm.word_mark(uuid) TO mehvar_app;

-- The words of a normalised text, which are runs of letters and digits, with a blank between two of them; what is longer than any word is
-- several.
CREATE FUNCTION crm.spaced_words(normalised text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN btrim(regexp_replace(regexp_replace(normalised, '[^[:alnum:]]+', ' ', 'g'), '([^ ]{100})', '\1 ', 'g'));
GRANT EXECUTE ON FUNCTION crm.spaced_words(text) TO mehvar_app;

-- The marked words of a customer's names in all scripts. One expression, so that it costs no call of a function for a row.
CREATE FUNCTION crm.name_words(tenant uuid, name text, names jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(string_to_array(crm.word_mark(tenant) || replace(
    crm.spaced_words(crm.normalise(
        CASE WHEN names = '{}' THEN name ELSE name || ' ' || jsonb_path_query_array(names, '$.*')::text END)),
    ' ', ' ' || crm.word_mark(tenant)), ' '));
GRANT EXECUTE ON FUNCTION crm.name_words(uuid, text, jsonb) TO mehvar_app;

ALTER TABLE crm.customer
    ADD COLUMN name_words tsvector NOT NULL GENERATED ALWAYS AS (crm.name_words(tenant_id, name, names)) STORED;
-- Without a list of what is still to be put in order, which every search would have to read.
CREATE INDEX customer_words_idx ON crm.customer USING gin (name_words) WITH (fastupdate = off) WHERE deleted_at IS NULL;
-- Telephone numbers are known with and without what goes before them, so they are found by their ends.
CREATE INDEX contact_point_number_idx ON crm.contact_point (tenant_id, reverse(address_key))
    WHERE deleted_at IS NULL AND customer_id IS NOT NULL AND channel IN ('phone', 'sms', 'whatsapp');
