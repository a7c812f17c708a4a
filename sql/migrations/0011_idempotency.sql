-- What requests with an Idempotency-Key have made, for 24 hours: committed with the effect, so that one is never there without the other.
CREATE TABLE crm.idempotent_request (
    tenant_id uuid NOT NULL CONSTRAINT idempotent_request_tenant_fkey REFERENCES platform.tenant (id),
    -- The key or the member that made the request.
    actor_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CONSTRAINT idempotent_request_key_check CHECK (length(key) BETWEEN 1 AND 255),
    -- SHA-256 of path and body.
    digest bytea NOT NULL,
    -- What a repetition is answered with.
    object_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, actor_id, operation, key)
);
CREATE INDEX idempotent_request_created_idx ON crm.idempotent_request (tenant_id, created_at);
SELECT platform.protect('crm.idempotent_request', 'SELECT, INSERT, UPDATE, DELETE');
