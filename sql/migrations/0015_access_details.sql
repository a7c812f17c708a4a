-- What is done to a tenant from without stands in its own log too, keys tell who made them, and a new link ends those of before.

-- The deployment notes in a tenant's log what it does to the tenant, and can note nothing else there.
CREATE POLICY platform ON crm.event FOR INSERT TO mehvar_platform
    WITH CHECK (object_kind = 'tenant' AND object_id = tenant_id AND actor_kind IN ('platform', 'cli'));
GRANT INSERT ON crm.event TO mehvar_platform;

-- The log of the deployment is read newest first.
CREATE INDEX event_occurred_idx ON platform.event (occurred_at, id);

-- Null for keys that a server of the version before makes.
ALTER TABLE crm.api_key
    ADD COLUMN created_by_kind text CONSTRAINT api_key_created_by_check
        CHECK (created_by_kind IN ('member', 'key', 'job', 'cli', 'respondent', 'platform')),
    ADD COLUMN created_by uuid;
UPDATE crm.api_key k SET created_by_kind = e.actor_kind, created_by = e.actor_id
FROM crm.event e
WHERE e.tenant_id = k.tenant_id AND e.object_kind = 'key' AND e.object_id = k.id AND e.action = 'key.created';

-- A link ends before its time when a newer one is mailed.
GRANT UPDATE (expires_at) ON crm.token TO mehvar_app;
