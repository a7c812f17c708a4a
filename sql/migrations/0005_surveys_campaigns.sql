-- Surveys, the campaigns that send them, the ledger of invitations, and the answers.

CREATE TABLE crm.survey (
    tenant_id uuid NOT NULL CONSTRAINT survey_tenant_fkey REFERENCES platform.tenant (id),
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT survey_name_check CHECK (length(name) BETWEEN 1 AND 200),
    metric text NOT NULL CONSTRAINT survey_metric_check CHECK (metric IN ('nps', 'csat', 'ces', 'enps')),
    -- The draft: title, languages and questions; publishing copies it into a version.
    content jsonb NOT NULL,
    published_version integer,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX survey_name_key ON crm.survey (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX survey_created_idx ON crm.survey (tenant_id, created_at, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.survey', 'SELECT, INSERT, UPDATE');

-- A published questionnaire never changes: the application may only add rows.
CREATE TABLE crm.survey_version (
    tenant_id uuid NOT NULL,
    survey_id uuid NOT NULL,
    version integer NOT NULL,
    metric text NOT NULL,
    -- The question whose answers the metric is computed from.
    metric_question text NOT NULL,
    content jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, survey_id, version),
    CONSTRAINT survey_version_survey_fkey FOREIGN KEY (tenant_id, survey_id) REFERENCES crm.survey (tenant_id, id)
);
SELECT platform.protect('crm.survey_version', 'SELECT, INSERT');

CREATE TABLE crm.campaign (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT campaign_name_check CHECK (length(name) BETWEEN 1 AND 200),
    kind text NOT NULL CONSTRAINT campaign_kind_check CHECK (kind IN ('relationship', 'transactional')),
    state text NOT NULL DEFAULT 'draft' CONSTRAINT campaign_state_check CHECK (state IN ('draft', 'planning', 'running', 'finished')),
    survey_id uuid NOT NULL,
    survey_version integer NOT NULL,
    segment_id uuid NOT NULL,
    -- The mail's subject and opening words by language.
    subject jsonb NOT NULL,
    message jsonb NOT NULL,
    expires_in_days smallint NOT NULL DEFAULT 30 CONSTRAINT campaign_expiry_check CHECK (expires_in_days BETWEEN 1 AND 365),
    wave integer NOT NULL DEFAULT 1,
    launched_at timestamptz,
    finished_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT campaign_survey_fkey FOREIGN KEY (tenant_id, survey_id, survey_version)
        REFERENCES crm.survey_version (tenant_id, survey_id, version),
    CONSTRAINT campaign_segment_fkey FOREIGN KEY (tenant_id, segment_id) REFERENCES crm.segment (tenant_id, id)
);
CREATE UNIQUE INDEX campaign_name_key ON crm.campaign (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX campaign_created_idx ON crm.campaign (tenant_id, created_at, id) WHERE deleted_at IS NULL;
SELECT platform.protect('crm.campaign', 'SELECT, INSERT, UPDATE');

-- The send ledger: one row per campaign, wave and recipient, written before anything is sent.
CREATE TABLE crm.invitation (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    wave integer NOT NULL,
    segment_id uuid NOT NULL,
    customer_id uuid,
    member_id uuid,
    recipient_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(customer_id, member_id)) STORED,
    language text NOT NULL,
    address text,
    state text NOT NULL CONSTRAINT invitation_state_check CHECK (state IN
        ('planned', 'excluded', 'sending', 'sent', 'unknown', 'failed', 'bounced', 'responded')),
    -- Why it is excluded, failed or bounced.
    reason text,
    planned_at timestamptz NOT NULL DEFAULT now(),
    sending_at timestamptz,
    sent_at timestamptz,
    opened_at timestamptz,
    responded_at timestamptz,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT invitation_recipient_check CHECK (num_nonnulls(customer_id, member_id) = 1),
    CONSTRAINT invitation_excluded_check CHECK (state <> 'excluded' OR reason IS NOT NULL),
    CONSTRAINT invitation_address_check CHECK (state = 'excluded' OR address IS NOT NULL),
    CONSTRAINT invitation_campaign_fkey FOREIGN KEY (tenant_id, campaign_id) REFERENCES crm.campaign (tenant_id, id),
    CONSTRAINT invitation_customer_fkey FOREIGN KEY (tenant_id, customer_id) REFERENCES crm.customer (tenant_id, id),
    CONSTRAINT invitation_member_fkey FOREIGN KEY (tenant_id, member_id) REFERENCES crm.member (tenant_id, id)
);
CREATE UNIQUE INDEX invitation_recipient_key ON crm.invitation (tenant_id, campaign_id, wave, recipient_id);
-- What the send jobs, the quarantine and the day tallies look for.
CREATE INDEX invitation_open_idx ON crm.invitation (tenant_id, campaign_id, id) WHERE state IN ('planned', 'sending');
CREATE INDEX invitation_quarantine_idx ON crm.invitation (tenant_id, recipient_id) WHERE state <> 'excluded';
CREATE INDEX invitation_sent_idx ON crm.invitation (tenant_id, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX invitation_campaign_idx ON crm.invitation (tenant_id, campaign_id, id);
SELECT platform.protect('crm.invitation', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.response (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    invitation_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    segment_id uuid NOT NULL,
    survey_id uuid NOT NULL,
    survey_version integer NOT NULL,
    metric text NOT NULL,
    customer_id uuid,
    member_id uuid,
    language text NOT NULL,
    -- When the respondent first answered: it names the day that the scores count it in, and starts the time for changes.
    submitted_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT response_invitation_fkey FOREIGN KEY (tenant_id, invitation_id) REFERENCES crm.invitation (tenant_id, id),
    CONSTRAINT response_survey_fkey FOREIGN KEY (tenant_id, survey_id, survey_version)
        REFERENCES crm.survey_version (tenant_id, survey_id, version)
);
CREATE UNIQUE INDEX response_invitation_key ON crm.response (tenant_id, invitation_id);
CREATE INDEX response_submitted_idx ON crm.response (tenant_id, submitted_at, id);
CREATE INDEX response_campaign_idx ON crm.response (tenant_id, campaign_id, submitted_at, id);
SELECT platform.protect('crm.response', 'SELECT, INSERT, UPDATE');

CREATE TABLE crm.answer (
    tenant_id uuid NOT NULL,
    response_id uuid NOT NULL,
    question_id text NOT NULL,
    kind text NOT NULL CONSTRAINT answer_kind_check CHECK (kind IN ('nps', 'csat', 'ces', 'text', 'choice')),
    score smallint,
    comment text CONSTRAINT answer_comment_check CHECK (length(comment) <= 4000),
    PRIMARY KEY (tenant_id, response_id, question_id),
    CONSTRAINT answer_value_check CHECK (num_nonnulls(score, comment) = 1),
    CONSTRAINT answer_score_check CHECK (CASE kind WHEN 'nps' THEN score BETWEEN 0 AND 10
        WHEN 'csat' THEN score BETWEEN 1 AND 5 WHEN 'ces' THEN score BETWEEN 1 AND 7 ELSE score IS NULL END),
    CONSTRAINT answer_response_fkey FOREIGN KEY (tenant_id, response_id) REFERENCES crm.response (tenant_id, id)
);
SELECT platform.protect('crm.answer', 'SELECT, INSERT, UPDATE, DELETE');
