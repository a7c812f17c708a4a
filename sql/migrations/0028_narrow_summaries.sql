-- What most rules ask of a customer stands in one narrow row, beside what orders and interactions come to: each living customer has one, and
-- who a rule describes is told by one index.
-- A row is written for each customer, and who writes orders or customers may have to wait, some twenty seconds for a million: a time for it
-- is chosen.

ALTER TABLE crm.customer_summary ADD COLUMN kind text, ADD COLUMN stage text, ADD COLUMN language text;
INSERT INTO crm.customer_summary (tenant_id, customer_id, kind, stage, language)
SELECT c.tenant_id, c.id, c.kind, c.stage, c.language FROM crm.customer c WHERE c.deleted_at IS NULL
ON CONFLICT (tenant_id, customer_id) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, language = excluded.language;
DELETE FROM crm.customer_summary WHERE kind IS NULL;
ALTER TABLE crm.customer_summary
    ALTER COLUMN kind SET NOT NULL, ALTER COLUMN stage SET NOT NULL,
    DROP CONSTRAINT customer_summary_pkey,
    ADD PRIMARY KEY (tenant_id, customer_id) INCLUDE (kind, stage, language, order_count, order_amount, last_ordered_on, interaction_count,
        tier, recency, frequency, money),
    -- An index tells of a row by itself once the page is known to be seen by all.
    SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- As the routine has it: whoever waited for the table would else go on with the one of before, which writes no row of who did nothing yet.
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

-- What workers began before may have taken rows away again.
INSERT INTO job.job (tenant_id, id, queue, kind, state, unique_key, parameters)
SELECT s.tenant_id, gen_random_uuid(), 'segments', 'segments.refresh', 'ready', 'segments.refresh/all', '{}'
FROM crm.tenant_setting s JOIN job.tenant t ON t.tenant_id = s.tenant_id
ON CONFLICT DO NOTHING;

-- Collects statistics of tables of schema crm after a bulk change; only their owner could. A table that is being worked on is left out.
-- Of the columns that B-trees are made of or choose rows by, which say how large the table is and what an index finds: all columns take six times as long, and
-- are looked at by autovacuum.
CREATE OR REPLACE FUNCTION crm.analyse(tables text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    columns text;
BEGIN
    FOREACH name IN ARRAY tables LOOP
        SELECT string_agg(quote_ident(a.attname), ', ') INTO columns FROM pg_attribute a
        WHERE a.attrelid = format('crm.%I', name)::regclass AND a.attnum > 0 AND EXISTS (
            SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
            WHERE i.indrelid = a.attrelid AND m.amname = 'btree'
                AND (a.attnum = ANY (i.indkey) OR pg_get_expr(i.indpred, i.indrelid) ~ ('\m' || a.attname || '\M')));
        EXECUTE format('ANALYZE (SKIP_LOCKED) crm.%I (%s)', name, columns);
    END LOOP;
END
$$;
