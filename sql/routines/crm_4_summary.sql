-- Finds out anew what the customers' orders, interactions and answers come to, with what most rules ask of the customers themselves; of all
-- customers where `customers` is null. Each living customer has a row afterwards, and nobody else. Running it again changes nothing, and
-- writes nothing. Amounts are of orders in the currency given.
CREATE OR REPLACE FUNCTION crm.summarise(tenant uuid, currency text, customers uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    -- A plan for a few customers is not one for all of them.
    narrowed text := CASE WHEN customers IS NULL THEN '' ELSE 'AND %s = ANY ($3)' END;
BEGIN
    EXECUTE format(
        $query$
        WITH ordered AS (
            SELECT o.customer_id, count(*) AS order_count, coalesce(sum(o.amount - o.returned_amount) FILTER (WHERE o.currency = $2), 0) AS order_amount,
                sum(o.margin_amount) FILTER (WHERE o.currency = $2) AS order_margin, min(o.ordered_on) AS first_ordered_on,
                max(o.ordered_on) AS last_ordered_on
            FROM crm.customer_order o WHERE o.tenant_id = $1 AND o.deleted_at IS NULL %1$s GROUP BY o.customer_id
        ), met AS (
            SELECT i.customer_id, count(*) AS interaction_count, max(i.happened_at) AS last_interaction_at,
                avg(i.satisfaction) AS satisfaction
            FROM crm.interaction i WHERE i.tenant_id = $1 AND i.deleted_at IS NULL %2$s GROUP BY i.customer_id
        ), answered AS (
            SELECT r.customer_id, max(r.submitted_at) AS last_response_at,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'nps' AND a.score IS NOT NULL))[1] AS nps,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'csat' AND a.score IS NOT NULL))[1] AS csat,
                (array_agg(a.score ORDER BY r.submitted_at DESC, r.id DESC) FILTER (WHERE r.metric = 'ces' AND a.score IS NOT NULL))[1] AS ces
            FROM crm.response r
            JOIN crm.survey_version w ON w.tenant_id = r.tenant_id AND w.survey_id = r.survey_id AND w.version = r.survey_version
            -- The question that scores are made of.
            LEFT JOIN crm.answer a ON a.tenant_id = r.tenant_id AND a.response_id = r.id AND a.question_id = w.metric_question
            WHERE r.tenant_id = $1 AND r.customer_id IS NOT NULL %3$s GROUP BY r.customer_id
        ), found AS MATERIALIZED (
            SELECT c.id AS customer_id, c.kind, c.stage, c.language, coalesce(o.order_count, 0)::integer AS order_count,
                coalesce(o.order_amount, 0) AS order_amount, o.order_margin, o.first_ordered_on, o.last_ordered_on,
                coalesce(m.interaction_count, 0)::integer AS interaction_count, m.last_interaction_at,
                round(m.satisfaction, 2)::numeric(4, 2) AS satisfaction, a.nps, a.csat, a.ces, a.last_response_at
            FROM crm.customer c LEFT JOIN ordered o ON o.customer_id = c.id LEFT JOIN met m ON m.customer_id = c.id
                LEFT JOIN answered a ON a.customer_id = c.id
            WHERE c.tenant_id = $1 AND c.deleted_at IS NULL %5$s
        ), gone AS (
            DELETE FROM crm.customer_summary s WHERE s.tenant_id = $1 %4$s
                AND NOT EXISTS (SELECT FROM found f WHERE f.customer_id = s.customer_id)
        )
        INSERT INTO crm.customer_summary AS s (tenant_id, customer_id, kind, stage, language, order_count, order_amount, order_margin,
            first_ordered_on, last_ordered_on, interaction_count, last_interaction_at, satisfaction, nps, csat, ces, last_response_at)
        SELECT $1, f.customer_id, f.kind, f.stage, f.language, f.order_count, f.order_amount, f.order_margin, f.first_ordered_on,
            f.last_ordered_on, f.interaction_count, f.last_interaction_at, f.satisfaction, f.nps, f.csat, f.ces, f.last_response_at
        FROM found f
        -- What stands there already is left alone: a conflict would lock the row, and so write it.
        WHERE NOT EXISTS (
            SELECT FROM crm.customer_summary k WHERE k.tenant_id = $1 AND k.customer_id = f.customer_id %6$s
                AND (k.kind, k.stage, k.language, k.order_count, k.order_amount, k.order_margin, k.first_ordered_on, k.last_ordered_on,
                        k.interaction_count, k.last_interaction_at, k.satisfaction, k.nps, k.csat, k.ces, k.last_response_at)
                    IS NOT DISTINCT FROM (f.kind, f.stage, f.language, f.order_count, f.order_amount, f.order_margin, f.first_ordered_on,
                        f.last_ordered_on, f.interaction_count, f.last_interaction_at, f.satisfaction, f.nps, f.csat, f.ces,
                        f.last_response_at))
        -- As everybody locks customers, whom the foreign key looks at.
        ORDER BY f.customer_id
        ON CONFLICT (tenant_id, customer_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, language = excluded.language,
            order_count = excluded.order_count, order_amount = excluded.order_amount, order_margin = excluded.order_margin,
            first_ordered_on = excluded.first_ordered_on, last_ordered_on = excluded.last_ordered_on,
            interaction_count = excluded.interaction_count, last_interaction_at = excluded.last_interaction_at,
            satisfaction = excluded.satisfaction, nps = excluded.nps, csat = excluded.csat, ces = excluded.ces,
            last_response_at = excluded.last_response_at,
            -- Who has bought nothing is compared with nobody.
            tier = CASE WHEN excluded.order_count > 0 THEN s.tier END,
            recency = CASE WHEN excluded.order_count > 0 THEN s.recency END,
            frequency = CASE WHEN excluded.order_count > 0 THEN s.frequency END,
            money = CASE WHEN excluded.order_count > 0 THEN s.money END
        $query$, format(narrowed, 'o.customer_id'), format(narrowed, 'i.customer_id'), format(narrowed, 'r.customer_id'), format(narrowed, 's.customer_id'),
        format(narrowed, 'c.id'), format(narrowed, 'k.customer_id'))
    USING tenant, currency, customers;
END
$$;
REVOKE ALL ON FUNCTION crm.summarise(uuid, text, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.summarise(uuid, text, uuid[]) TO mehvar_app;

-- Compares each customer who bought something with all who did. Tiers share out the revenue, from the best customer on: those who bring the
-- first 80 per cent of it are a, those who bring the next 15 are b, the others c (an ABC analysis). Recency, frequency and money are fifths,
-- 5 the best: those of last orders, numbers of orders and amounts (RFM; Hughes, Strategic Database Marketing, 1994). Equals are in one fifth,
-- the lowest that any of them would be in.
CREATE OR REPLACE FUNCTION crm.rank_customers(tenant uuid) RETURNS void
LANGUAGE sql VOLATILE
AS $$
    UPDATE crm.customer_summary s SET tier = r.tier, recency = r.recency, frequency = r.frequency, money = r.money
    FROM (
        SELECT b.customer_id,
            CASE WHEN b.amount = 0 THEN NULL WHEN b.better < 0.80 * b.total THEN 'a' WHEN b.better < 0.95 * b.total THEN 'b' ELSE 'c' END AS tier,
            least(5, 1 + floor(5 * b.recency)) AS recency, least(5, 1 + floor(5 * b.frequency)) AS frequency,
            least(5, 1 + floor(5 * b.money)) AS money
        FROM (
            SELECT x.customer_id, x.amount,
                sum(x.amount) OVER (ORDER BY x.amount DESC, x.customer_id ROWS UNBOUNDED PRECEDING) - x.amount AS better,
                sum(x.amount) OVER () AS total,
                percent_rank() OVER (ORDER BY x.last_ordered_on) AS recency,
                percent_rank() OVER (ORDER BY x.order_count) AS frequency,
                percent_rank() OVER (ORDER BY x.amount) AS money
            FROM (
                SELECT v.customer_id, v.last_ordered_on, v.order_count, greatest(v.order_amount, 0) AS amount
                FROM crm.customer_summary v WHERE v.tenant_id = tenant AND v.order_count > 0
            ) x
        ) b
    ) r
    WHERE s.tenant_id = tenant AND s.customer_id = r.customer_id
        AND (s.tier, s.recency, s.frequency, s.money) IS DISTINCT FROM (r.tier, r.recency, r.frequency, r.money)
$$;
REVOKE ALL ON FUNCTION crm.rank_customers(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.rank_customers(uuid) TO mehvar_app;

-- The markets and all that stand below them.
CREATE OR REPLACE FUNCTION crm.markets_below(tenant uuid, markets uuid[]) RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH RECURSIVE below (id, level) AS (
        SELECT m.id, 1 FROM crm.market m WHERE m.tenant_id = tenant AND m.id = ANY (markets)
        UNION
        SELECT m.id, b.level + 1 FROM below b JOIN crm.market m ON m.tenant_id = tenant AND m.parent_id = b.id AND m.deleted_at IS NULL
        WHERE b.level < 200
    )
    SELECT coalesce(array_agg(DISTINCT id), '{}') FROM below
$$;
REVOKE ALL ON FUNCTION crm.markets_below(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm.markets_below(uuid, uuid[]) TO mehvar_app;
