-- Schemas, the tenant setter, tenants and their keys, and the event log.

-- Schema platform stands already: the ledger of migrations is in it.
CREATE SCHEMA crm;
GRANT USAGE ON SCHEMA platform TO mehvar_app, mehvar_platform;
GRANT USAGE ON SCHEMA crm TO mehvar_app, mehvar_platform;

-- Sets the tenant for the rest of the transaction. The one place that does.
CREATE FUNCTION crm.set_tenant(tenant uuid) RETURNS text
LANGUAGE sql VOLATILE
AS $$ SELECT set_config('mehvar.tenant_id', tenant::text, true) $$;
GRANT EXECUTE ON FUNCTION crm.set_tenant(uuid) TO mehvar_app;

-- Puts a new tenant table under row level security, forced on its owner too. The application sees the rows of the transaction's
-- tenant; without one the policy raises.
CREATE FUNCTION platform.protect(tenant_table regclass, privileges text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('CREATE POLICY tenant ON %s TO mehvar_app USING (tenant_id = current_setting(''mehvar.tenant_id'')::uuid)', tenant_table);
    EXECUTE format('GRANT %s ON %s TO mehvar_app', privileges, tenant_table);
END
$$;

-- Text as it is searched and compared: lower case, Arabic letters and digits as their Persian and ASCII equals, without
-- half-spaces, marks of vowels and repeated blanks.
CREATE FUNCTION crm.normalise(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(
    translate(lower(normalize(value, NFKC)),
        U&'\064A\0649\0643\0629\06C0\0624\0623\0625\0671\0622\0626\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\200C\200D\200E\200F\00AD\0640\064B\064C\064D\064E\064F\0650\0651\0652\0670',
        U&'\06CC\06CC\06A9\0647\0647\0648\0627\0627\0627\0627\06CC01234567890123456789'),
    '\s+', ' ', 'g'));
GRANT EXECUTE ON FUNCTION crm.normalise(text) TO mehvar_app;

-- The form in which two addresses of a channel are equal.
CREATE FUNCTION crm.address_key(channel text, address text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN channel IN ('phone', 'sms', 'whatsapp')
    THEN regexp_replace(crm.normalise(address), '[^0-9+]', '', 'g')
    ELSE crm.normalise(address) END;
GRANT EXECUTE ON FUNCTION crm.address_key(text, text) TO mehvar_app;

-- Collects statistics of tables of schema crm after a bulk change; only their owner could. A table that is being worked on is left out.
CREATE FUNCTION crm.analyse(tables text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) crm.%I', name);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION crm.analyse(text[]) TO mehvar_app;

-- Tenants of the deployment: a reference table, written rarely. Sign-in names the tenant by its slug.
CREATE TABLE platform.tenant (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT tenant_slug_key UNIQUE CONSTRAINT tenant_slug_check CHECK (slug ~ '^[a-z][a-z0-9-]{1,62}$'),
    name text NOT NULL CONSTRAINT tenant_name_check CHECK (length(name) BETWEEN 1 AND 200),
    state text NOT NULL DEFAULT 'active' CONSTRAINT tenant_state_check CHECK (state IN ('active', 'suspended', 'deleting')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE platform.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON platform.tenant FOR SELECT TO mehvar_app USING (id = current_setting('mehvar.tenant_id')::uuid);
CREATE POLICY platform ON platform.tenant TO mehvar_platform USING (true) WITH CHECK (true);
GRANT SELECT ON platform.tenant TO mehvar_app;
GRANT SELECT, INSERT, UPDATE ON platform.tenant TO mehvar_platform;

-- What a tenant decides about itself.
CREATE TABLE crm.tenant_setting (
    tenant_id uuid PRIMARY KEY CONSTRAINT tenant_setting_tenant_fkey REFERENCES platform.tenant (id),
    locale text NOT NULL DEFAULT 'fa' CONSTRAINT tenant_setting_locale_check CHECK (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    time_zone text NOT NULL DEFAULT 'Asia/Tehran',
    calendar text NOT NULL DEFAULT 'jalali' CONSTRAINT tenant_setting_calendar_check CHECK (calendar IN ('gregorian', 'jalali')),
    -- ISO day numbers, Monday 1 to Sunday 7: Saturday to Wednesday.
    working_days smallint[] NOT NULL DEFAULT '{6,7,1,2,3}',
    currency text NOT NULL DEFAULT 'IRR' CONSTRAINT tenant_setting_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    sender_name text NOT NULL,
    sender_address text NOT NULL,
    reply_to text,
    -- A customer is invited at most once in so many days, over all campaigns.
    quarantine_days smallint NOT NULL DEFAULT 30 CONSTRAINT tenant_setting_quarantine_check CHECK (quarantine_days BETWEEN 0 AND 3650),
    -- Whether only customers that consented are written to, or all but those that declined.
    consent_required boolean NOT NULL DEFAULT false,
    -- Scores of fewer answers are withheld.
    minimum_answers smallint NOT NULL DEFAULT 5 CONSTRAINT tenant_setting_minimum_check CHECK (minimum_answers BETWEEN 1 AND 1000),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
SELECT platform.protect('crm.tenant_setting', 'SELECT, UPDATE');
CREATE POLICY platform ON crm.tenant_setting TO mehvar_platform USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON crm.tenant_setting TO mehvar_platform;

-- A person who works for the tenant.
CREATE TABLE crm.member (
    tenant_id uuid NOT NULL CONSTRAINT member_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT member_name_check CHECK (length(name) BETWEEN 1 AND 200),
    email text NOT NULL CONSTRAINT member_email_check CHECK (length(email) <= 254),
    email_key text NOT NULL GENERATED ALWAYS AS (crm.address_key('email', email)) STORED,
    language text NOT NULL DEFAULT 'fa',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX member_email_key ON crm.member (tenant_id, email_key) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.member', 'SELECT, INSERT, UPDATE');

-- Keys of API clients. The secret is shown once; its SHA-256 is kept (128 random bits need no slow hash).
CREATE TABLE crm.api_key (
    tenant_id uuid NOT NULL CONSTRAINT api_key_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT api_key_name_check CHECK (length(name) BETWEEN 1 AND 200),
    hash bytea NOT NULL,
    prefix text NOT NULL,
    scopes text[] NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_key_hash_key ON crm.api_key (tenant_id, hash);
SELECT platform.protect('crm.api_key', 'SELECT, INSERT, UPDATE');

-- Secrets that arrive without a session: survey and unsubscribe links.
CREATE TABLE crm.token (
    tenant_id uuid NOT NULL CONSTRAINT token_tenant_fkey REFERENCES platform.tenant (id),
    hash bytea NOT NULL,
    purpose text NOT NULL CONSTRAINT token_purpose_check CHECK (purpose IN ('invitation')),
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, hash)
);
SELECT platform.protect('crm.token', 'SELECT, INSERT, DELETE');

-- One row beside each write: audit and feeds read it. Append-only for the application.
CREATE TABLE crm.event (
    tenant_id uuid NOT NULL CONSTRAINT event_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL CONSTRAINT event_actor_check CHECK (actor_kind IN ('member', 'key', 'job', 'cli', 'respondent')),
    actor_id uuid,
    request_id text,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX event_object_idx ON crm.event (tenant_id, object_kind, object_id, id);
SELECT platform.protect('crm.event', 'SELECT, INSERT');
