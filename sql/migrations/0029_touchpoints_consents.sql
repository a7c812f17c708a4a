-- Surveys after a touchpoint say which, orders say where and in which department they were taken, and of two words of a customer the later one
-- counts, whenever they were noted. Orders are read from end to end for it, some seconds for ten million, and who writes them waits.

ALTER TABLE crm.campaign ADD COLUMN touchpoint_id uuid,
    ADD CONSTRAINT campaign_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint (tenant_id, id),
    ADD CONSTRAINT campaign_touchpoint_check CHECK (touchpoint_id IS NULL OR kind = 'transactional');
CREATE INDEX campaign_touchpoint_idx ON crm.campaign (tenant_id, touchpoint_id) WHERE touchpoint_id IS NOT NULL;

ALTER TABLE crm.customer_order ADD COLUMN department_id uuid, ADD COLUMN touchpoint_id uuid, ADD COLUMN channel text,
    ADD CONSTRAINT customer_order_channel_check CHECK (channel IN
        ('phone', 'email', 'sms', 'chat', 'whatsapp', 'social', 'web', 'in_person', 'postal', 'other')),
    ADD CONSTRAINT customer_order_department_fkey FOREIGN KEY (tenant_id, department_id) REFERENCES crm.department (tenant_id, id),
    ADD CONSTRAINT customer_order_touchpoint_fkey FOREIGN KEY (tenant_id, touchpoint_id) REFERENCES crm.touchpoint (tenant_id, id);
CREATE INDEX customer_order_department_idx ON crm.customer_order (tenant_id, department_id) WHERE department_id IS NOT NULL;
CREATE INDEX customer_order_touchpoint_idx ON crm.customer_order (tenant_id, touchpoint_id) WHERE touchpoint_id IS NOT NULL;

-- When the customer said it. What counted until now was what was noted last: who noted an old consent after a refusal had undone it.
ALTER TABLE crm.consent ADD COLUMN given_at timestamptz NOT NULL DEFAULT now();
UPDATE crm.consent SET given_at = recorded_at;
UPDATE crm.consent k SET is_granted = s.is_granted, source = s.source, given_at = s.given_at, recorded_at = s.recorded_at
FROM (
    SELECT DISTINCT ON (n.tenant_id, n.customer_id, n.channel) n.tenant_id, n.customer_id, n.channel, n.is_granted, n.source, n.given_at,
        n.recorded_at
    FROM crm.consent_record n
    -- A file undoes no refusal that a customer said in another way.
    WHERE NOT (n.is_granted AND n.source = 'import' AND EXISTS (SELECT FROM crm.consent_record o
        WHERE o.tenant_id = n.tenant_id AND o.customer_id = n.customer_id AND o.channel = n.channel AND o.source <> 'import'
            AND NOT o.is_granted AND NOT EXISTS (SELECT FROM crm.consent_record l
                WHERE l.tenant_id = n.tenant_id AND l.customer_id = n.customer_id AND l.channel = n.channel AND l.source <> 'import'
                    AND (l.given_at, l.recorded_at, l.id) > (o.given_at, o.recorded_at, o.id))))
    ORDER BY n.tenant_id, n.customer_id, n.channel, n.given_at DESC, n.recorded_at DESC, n.id DESC
) AS s
WHERE s.tenant_id = k.tenant_id AND s.customer_id = k.customer_id AND s.channel = k.channel
    AND (s.is_granted, s.source, s.given_at) IS DISTINCT FROM (k.is_granted, k.source, k.given_at);
CREATE INDEX consent_record_given_idx ON crm.consent_record (tenant_id, customer_id, given_at, id);
