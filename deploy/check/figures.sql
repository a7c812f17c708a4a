-- The figures of the demo's main job, from the tables alone, as one JSON document. Run as the superuser.
WITH tenant AS (SELECT id FROM platform.tenant WHERE slug = 'parsian'),
other AS (SELECT id FROM platform.tenant WHERE slug = 'other'),
invitation AS (SELECT i.* FROM crm.invitation i JOIN tenant ON i.tenant_id = tenant.id),
response AS (SELECT r.* FROM crm.response r JOIN tenant ON r.tenant_id = tenant.id),
answer AS (
    SELECT a.score FROM crm.answer a JOIN response r ON r.tenant_id = a.tenant_id AND r.id = a.response_id
    WHERE a.question_id = 'score' AND a.score IS NOT NULL
),
nps AS (
    SELECT count(*) AS n,
        count(*) FILTER (WHERE score >= 9) AS promoters,
        count(*) FILTER (WHERE score BETWEEN 7 AND 8) AS passives,
        count(*) FILTER (WHERE score <= 6) AS detractors,
        (count(*) FILTER (WHERE score >= 9))::float8 / nullif(count(*), 0) AS p,
        (count(*) FILTER (WHERE score <= 6))::float8 / nullif(count(*), 0) AS d
    FROM answer
)
SELECT json_build_object(
    'customers', (SELECT count(*) FROM crm.customer c JOIN tenant ON c.tenant_id = tenant.id WHERE c.deleted_at IS NULL),
    'actual', (SELECT count(*) FROM crm.customer c JOIN tenant ON c.tenant_id = tenant.id WHERE c.stage = 'actual'),
    'orders', (SELECT count(*) FROM crm.customer_order o JOIN tenant ON o.tenant_id = tenant.id),
    'segment_size', (SELECT count(*) FROM crm.segment_member m JOIN tenant ON m.tenant_id = tenant.id),
    'invited', (SELECT count(*) FROM invitation WHERE state <> 'excluded'),
    'excluded', (SELECT coalesce(json_object_agg(reason, n), '{}') FROM
        (SELECT reason, count(*) AS n FROM invitation WHERE state = 'excluded' GROUP BY reason) AS reasons),
    'sent', (SELECT count(*) FROM invitation WHERE sent_at IS NOT NULL),
    'unsent', (SELECT count(*) FROM invitation WHERE state NOT IN ('excluded', 'sent', 'responded')),
    'invitations', (SELECT json_agg(id ORDER BY id) FROM invitation WHERE sent_at IS NOT NULL),
    'responses', (SELECT count(*) FROM response),
    'response_per_invitation', (SELECT count(DISTINCT invitation_id) FROM response),
    'nps', (SELECT json_build_object(
        'score', 100 * (p - d), 'n', n, 'promoters', promoters, 'passives', passives, 'detractors', detractors,
        'low', greatest(-100, 100 * (p - d) - 196 * sqrt((p + d - (p - d) ^ 2) / n)),
        'high', least(100, 100 * (p - d) + 196 * sqrt((p + d - (p - d) ^ 2) / n))) FROM nps),
    'other', json_build_object(
        'customers', (SELECT count(*) FROM crm.customer c JOIN other ON c.tenant_id = other.id),
        'segments', (SELECT count(*) FROM crm.segment s JOIN other ON s.tenant_id = other.id),
        'plans', (SELECT count(*) FROM crm.plan p JOIN other ON p.tenant_id = other.id),
        'surveys', (SELECT count(*) FROM crm.survey s JOIN other ON s.tenant_id = other.id),
        'campaigns', (SELECT count(*) FROM crm.campaign c JOIN other ON c.tenant_id = other.id),
        'invitations', (SELECT count(*) FROM crm.invitation i JOIN other ON i.tenant_id = other.id),
        'responses', (SELECT count(*) FROM crm.response r JOIN other ON r.tenant_id = other.id))
);
