-- Customers who may be one: pairs that were found, and what was decided of them.
-- An index is made over customers, and has those wait who write them, some forty seconds for a million: a time for it is chosen.

-- The form in which references are compared: without case, spaces, signs and the zeros before a number.
CREATE FUNCTION crm.reference_form(reference text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(regexp_replace(crm.normalise(reference), '[^[:alnum:]]+', '', 'g'), '(^|[^0-9])0+(?=[0-9])', '\1', 'g');
REVOKE ALL ON FUNCTION crm.reference_form(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.reference_form(text) TO mehvar_app;

-- A customer's references, each marked with the tenant, as words are. From eight letters and digits on, as that of an identity card, they are
-- the same in all systems; shorter ones within one, since each system has a customer 17. (In PL/pgSQL, since each write of a customer asks
-- for it: three microseconds instead of thirteen.)
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
REVOKE ALL ON FUNCTION crm.reference_marks(uuid, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.reference_marks(uuid, text, jsonb) TO mehvar_app;

-- The birth date with how each word of the names begins, in every script. Who was born on a day is a list of its own for each beginning, so
-- that few are compared.
CREATE FUNCTION crm.birth_marks(tenant uuid, born date, search_name text, names jsonb) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
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
$$;
REVOKE ALL ON FUNCTION crm.birth_marks(uuid, date, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.birth_marks(uuid, date, text, jsonb) TO mehvar_app;

CREATE FUNCTION crm.marks(tenant uuid, born date, search_name text, names jsonb, reference text, others jsonb) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN crm.reference_marks(tenant, reference, others) || crm.birth_marks(tenant, born, search_name, names);
REVOKE ALL ON FUNCTION crm.marks(uuid, date, text, jsonb, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.marks(uuid, date, text, jsonb, text, jsonb) TO mehvar_app;

-- No pending list, which every search would have to read.
CREATE INDEX customer_marks_idx ON crm.customer
    USING gin (crm.marks(tenant_id, birth_date, search_name, names, reference, external_references)) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;

CREATE TABLE crm.duplicate (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Both customers. Without foreign keys, since who finds a pair would hold the customers for it, and wait for whoever merges them.
    first_id uuid NOT NULL,
    second_id uuid NOT NULL,
    score smallint NOT NULL CONSTRAINT duplicate_score_check CHECK (score BETWEEN 0 AND 100),
    -- What speaks for it and what against.
    reasons text[] NOT NULL,
    doubts text[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'open' CONSTRAINT duplicate_state_check CHECK (state IN ('open', 'dismissed', 'merged')),
    -- The merge that made them one, or by which a pair was dismissed that another customer of was told apart.
    merge_id uuid,
    decided_at timestamptz,
    actor_kind text,
    actor_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT duplicate_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant (id),
    CONSTRAINT duplicate_pair_key UNIQUE (tenant_id, first_id, second_id),
    CONSTRAINT duplicate_pair_check CHECK (first_id < second_id)
);
CREATE INDEX duplicate_score_idx ON crm.duplicate (tenant_id, state, score, id);
CREATE INDEX duplicate_second_idx ON crm.duplicate (tenant_id, second_id);
SELECT platform.protect('crm.duplicate', 'SELECT, INSERT, UPDATE');

-- Looking through all customers, and merging many pairs: what was asked for, and how far it has come.
CREATE TABLE crm.duplicate_run (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT duplicate_run_kind_check CHECK (kind IN ('scan', 'bulk_merge')),
    -- Which pairs are merged: these, or the open ones that have the score, at most so many.
    duplicate_ids uuid[],
    minimum_score smallint,
    total integer NOT NULL,
    looked_at integer NOT NULL DEFAULT 0,
    found integer NOT NULL DEFAULT 0,
    merged integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    -- Where it goes on.
    last_id uuid,
    last_score smallint,
    -- Why the last attempt failed, until one succeeds.
    error text,
    actor_kind text NOT NULL,
    actor_id uuid,
    started_at timestamptz,
    finished_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT duplicate_run_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES platform.tenant (id)
);
CREATE INDEX duplicate_run_created_idx ON crm.duplicate_run (tenant_id, created_at, id);
-- One scan at a time.
CREATE UNIQUE INDEX duplicate_run_scan_key ON crm.duplicate_run (tenant_id) WHERE kind = 'scan' AND finished_at IS NULL;
SELECT platform.protect('crm.duplicate_run', 'SELECT, INSERT, UPDATE');
