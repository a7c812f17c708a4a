-- Day tallies of the scores: recomputed from the responses, never incremented. A period is a sum of days.

CREATE TABLE crm.score_day (
    tenant_id uuid NOT NULL CONSTRAINT score_day_tenant_fkey REFERENCES platform.tenant (id),
    metric text NOT NULL,
    -- The day in the tenant's time zone.
    day date NOT NULL,
    scope text NOT NULL CONSTRAINT score_day_scope_check CHECK (scope IN ('tenant', 'segment', 'campaign', 'language')),
    -- The segment's or campaign's id, the language's code, empty for the tenant.
    scope_key text NOT NULL,
    -- Invitations that were sent on this day.
    sent integer NOT NULL,
    answers integer NOT NULL,
    promoters integer NOT NULL,
    passives integer NOT NULL,
    detractors integer NOT NULL,
    sum bigint NOT NULL,
    sum_of_squares bigint NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, metric, scope, scope_key, day)
);
CREATE INDEX score_day_day_idx ON crm.score_day (tenant_id, metric, day);
SELECT platform.protect('crm.score_day', 'SELECT, INSERT, UPDATE, DELETE');
