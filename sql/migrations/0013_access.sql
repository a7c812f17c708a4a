-- Members sign in, keys are rotated, and the log says what changed.

ALTER TABLE crm.member
    ADD COLUMN roles text[] NOT NULL DEFAULT '{viewer}' CONSTRAINT member_roles_check
        CHECK (cardinality(roles) BETWEEN 1 AND 6 AND roles <@ '{owner,admin,manager,agent,analyst,viewer}'),
    -- When the member chose a password for the first time.
    ADD COLUMN joined_at timestamptz,
    ADD COLUMN last_sign_in_at timestamptz;
CREATE INDEX member_created_idx ON crm.member (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- Apart from the member, so that no list of members can show it.
CREATE TABLE crm.member_password (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    -- scrypt, with its costs and its salt: $scrypt$ln=15,r=8,p=3$salt$key
    hash text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, member_id),
    CONSTRAINT member_password_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id)
);
SELECT platform.protect('crm.member_password', 'SELECT, INSERT, UPDATE, DELETE');

-- Wrong passwords for an address, whether a member has it or not: else the difference would tell.
CREATE TABLE crm.sign_in_failure (
    tenant_id uuid NOT NULL CONSTRAINT sign_in_failure_tenant_fkey REFERENCES platform.tenant (id),
    -- SHA-256 of the address, as addresses are compared.
    email_hash bytea NOT NULL,
    failures integer NOT NULL,
    locked_until timestamptz NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, email_hash)
);
CREATE INDEX sign_in_failure_failed_idx ON crm.sign_in_failure (tenant_id, failed_at);
SELECT platform.protect('crm.sign_in_failure', 'SELECT, INSERT, UPDATE, DELETE');

-- A sign-in and what was made of it: the family of refresh tokens, of which one is good at a time.
CREATE TABLE crm.session (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    member_id uuid NOT NULL,
    -- Of the refresh token that is good now.
    token_hash bytea NOT NULL,
    address inet,
    user_agent text CONSTRAINT session_user_agent_check CHECK (length(user_agent) <= 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    refreshed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT session_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id)
);
CREATE INDEX session_member_idx ON crm.session (tenant_id, member_id, created_at);
SELECT platform.protect('crm.session', 'SELECT, INSERT, UPDATE, DELETE');

-- Links that members are sent; gone when they were used.
ALTER TABLE crm.token DROP CONSTRAINT token_purpose_check,
    -- What stands there already is narrower, and need not be looked at.
    ADD CONSTRAINT token_purpose_check CHECK (purpose IN ('invitation', 'refresh', 'member_invitation', 'password_reset')) NOT VALID,
    ADD COLUMN expires_at timestamptz;
CREATE INDEX token_subject_idx ON crm.token (tenant_id, subject_id) WHERE purpose <> 'invitation';

-- The secret of before, while clients change over.
ALTER TABLE crm.api_key
    ADD COLUMN previous_hash bytea,
    ADD COLUMN previous_until timestamptz,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX api_key_previous_hash_key ON crm.api_key (tenant_id, previous_hash) WHERE previous_hash IS NOT NULL;

ALTER TABLE crm.event DROP CONSTRAINT event_actor_check,
    ADD CONSTRAINT event_actor_check CHECK (actor_kind IN ('member', 'key', 'job', 'cli', 'respondent', 'platform')) NOT VALID,
    ADD COLUMN address inet,
    -- Each member of the object that was changed, with its values before and after; null where they stand apart.
    ADD COLUMN changes jsonb;
CREATE INDEX event_occurred_idx ON crm.event (tenant_id, occurred_at, id);
CREATE INDEX event_actor_idx ON crm.event (tenant_id, actor_id, occurred_at, id) WHERE actor_id IS NOT NULL;
CREATE INDEX event_action_idx ON crm.event (tenant_id, action, occurred_at, id);

-- Values of an event that tell something of a person: apart, so that they can go while the event stays.
CREATE TABLE crm.event_personal (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid NOT NULL,
    changes jsonb NOT NULL,
    PRIMARY KEY (tenant_id, event_id),
    CONSTRAINT event_personal_event_fkey FOREIGN KEY (tenant_id, event_id) REFERENCES crm.event (tenant_id, id)
);
CREATE INDEX event_personal_subject_idx ON crm.event_personal (tenant_id, subject_kind, subject_id);
SELECT platform.protect('crm.event_personal', 'SELECT, INSERT, DELETE');

-- The tenant that people name when they sign in: nothing else of it is told.
CREATE FUNCTION crm.tenant_named(named text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT t.id FROM platform.tenant t WHERE t.slug = named $$;
GRANT EXECUTE ON FUNCTION crm.tenant_named(text) TO mehvar_app;
