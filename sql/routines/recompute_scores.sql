-- The day tallies of one day, from nothing but the responses and the sent invitations of that day. Running it again changes
-- nothing. Favourable answers stand as promoters, unfavourable ones as detractors: NPS 9–10 and 0–6, CSAT 4–5 and 1–2,
-- CES 5–7 and 1–3.
CREATE OR REPLACE FUNCTION crm.recompute_scores(tenant uuid, counted_day date, zone text) RETURNS void
LANGUAGE sql VOLATILE
AS $$
    DELETE FROM crm.score_day WHERE tenant_id = tenant AND day = counted_day;

    INSERT INTO crm.score_day (tenant_id, metric, day, scope, scope_key, sent, answers, promoters, passives, detractors, sum,
        sum_of_squares)
    WITH counted AS (
        -- By the language of the invitation, as what was sent: an answer belongs to its own sending.
        SELECT r.metric, r.segment_id, r.campaign_id, i.language, 0 AS sent, a.score::integer AS score
        FROM crm.response r
        JOIN crm.invitation i ON i.tenant_id = r.tenant_id AND i.id = r.invitation_id
        JOIN crm.survey_version v ON v.tenant_id = r.tenant_id AND v.survey_id = r.survey_id AND v.version = r.survey_version
        JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id AND a.question_id = v.metric_question
        WHERE r.tenant_id = tenant AND a.score IS NOT NULL
            AND r.submitted_at >= counted_day::timestamp AT TIME ZONE zone
            AND r.submitted_at < (counted_day + 1)::timestamp AT TIME ZONE zone
        UNION ALL
        SELECT v.metric, i.segment_id, i.campaign_id, i.language, 1, NULL
        FROM crm.invitation i
        JOIN crm.campaign c ON c.tenant_id = i.tenant_id AND c.id = i.campaign_id
        JOIN crm.survey_version v ON v.tenant_id = c.tenant_id AND v.survey_id = c.survey_id AND v.version = c.survey_version
        WHERE i.tenant_id = tenant
            AND i.sent_at >= counted_day::timestamp AT TIME ZONE zone
            AND i.sent_at < (counted_day + 1)::timestamp AT TIME ZONE zone
    ), scoped AS (
        SELECT metric, 'tenant' AS scope, '' AS scope_key, sent, score FROM counted
        UNION ALL SELECT metric, 'segment', segment_id::text, sent, score FROM counted
        UNION ALL SELECT metric, 'campaign', campaign_id::text, sent, score FROM counted
        UNION ALL SELECT metric, 'language', language, sent, score FROM counted
    ), graded AS (
        SELECT *, CASE metric WHEN 'csat' THEN 4 WHEN 'ces' THEN 5 ELSE 9 END AS favourable,
            CASE metric WHEN 'csat' THEN 2 WHEN 'ces' THEN 3 ELSE 6 END AS unfavourable
        FROM scoped
    )
    SELECT tenant, metric, counted_day, scope, scope_key, sum(sent), count(score),
        count(*) FILTER (WHERE score >= favourable),
        count(*) FILTER (WHERE score > unfavourable AND score < favourable),
        count(*) FILTER (WHERE score <= unfavourable),
        coalesce(sum(score), 0), coalesce(sum(score * score), 0)
    FROM graded GROUP BY metric, scope, scope_key
    ON CONFLICT (tenant_id, metric, scope, scope_key, day) DO UPDATE SET sent = excluded.sent, answers = excluded.answers,
        promoters = excluded.promoters, passives = excluded.passives, detractors = excluded.detractors, sum = excluded.sum,
        sum_of_squares = excluded.sum_of_squares, computed_at = excluded.computed_at
$$;
REVOKE ALL ON FUNCTION crm.recompute_scores(uuid, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.recompute_scores(uuid, date, text) TO mehvar_app;
