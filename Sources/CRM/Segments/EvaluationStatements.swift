import Foundation
import Postgres

/// What keeps summaries and memberships up to date. Whoever does it holds ``tryLock(_:)``, or two might write what the one saw
/// earlier over what the other saw later.
enum EvaluationStatements {
    private static func key(_ tenant: Tenant.ID) -> String { "segments:\(tenant)" }

    /// Whether nobody else holds it.
    static func tryLock(_ tenant: Tenant.ID) -> Statement<Bool> {
        Statement(
            "segment.try_lock_evaluation", "SELECT pg_try_advisory_xact_lock(hashtextextended(\(key(tenant)), 0))",
            one: { try $0.next() })
    }

    /// Has those wait who would delete or erase the customers: whoever puts one into a segment looks at the customer's row, and
    /// must not wait for it while others wait for the segment's.
    static func hold(_ tenant: Tenant.ID, _ customers: [Customer.ID]) -> Statement<[Customer.ID]> {
        Statement(
            "segment.hold_customers",
            "SELECT id FROM crm.customer WHERE tenant_id = \(tenant) AND id = ANY (\(customers)) ORDER BY id FOR KEY SHARE",
            all: { try $0.next() })
    }

    /// Whether all customers are still to be looked at: what is known of them may be far from what there is. Nobody waits for ever for
    /// one that no worker begins.
    static func isRefreshWaiting(_ tenant: Tenant.ID) -> Statement<Bool> {
        Statement(
            "segment.is_refresh_waiting",
            """
            SELECT EXISTS (SELECT FROM job.job j WHERE j.tenant_id = \(tenant) AND j.unique_key = \("\(RefreshSegments.kind)/all")
                AND j.state IN ('scheduled', 'ready') AND j.run_at > now() - interval '5 minutes')
            """, one: { try $0.next() })
    }

    static func summarise(
        _ tenant: Tenant.ID, currency: String, _ customers: [Customer.ID]?
    ) -> Statement<Void> {
        Statement(effect: "segment.summarise", "SELECT crm.summarise(\(tenant), \(currency), \(customers))")
    }

    static func rank(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(effect: "segment.rank", "SELECT crm.rank_customers(\(tenant))")
    }

    /// Takes customers who were deleted out of all segments.
    static func removeDeleted(_ tenant: Tenant.ID, _ customers: [Customer.ID]?) -> Statement<Int> {
        let few: SQL = customers.map { "AND m.customer_id = ANY (\($0)) AND c.id = ANY (\($0))" } ?? ""
        let fewStays: SQL = customers.map { "AND t.customer_id = ANY (\($0)) AND c.id = ANY (\($0))" } ?? ""
        return Statement(
            "segment.remove_deleted",
            """
            WITH forgotten AS (
                -- Of somebody who was evaluated and forgotten at once.
                DELETE FROM crm.segment_stay t USING crm.customer c
                WHERE t.tenant_id = \(tenant) AND c.tenant_id = \(tenant) AND c.id = t.customer_id AND c.erased_at IS NOT NULL \(fewStays)
                RETURNING t.customer_id
            ), gone AS (
                DELETE FROM crm.segment_member m USING crm.customer c
                WHERE m.tenant_id = \(tenant) AND c.tenant_id = \(tenant) AND c.id = m.customer_id
                    AND c.deleted_at IS NOT NULL \(few)
                RETURNING m.segment_id, m.customer_id, m.entered_at, c.erased_at
            ), past AS (
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                SELECT \(tenant), g.segment_id, g.customer_id, g.entered_at, now() FROM gone g WHERE g.erased_at IS NULL
                ON CONFLICT DO NOTHING
                RETURNING segment_id
            )
            UPDATE crm.segment s SET member_count = s.member_count - g.count
            FROM (
                -- In one order, as whoever merges customers does.
                SELECT k.id, (SELECT count(*) FROM gone WHERE gone.segment_id = k.id) AS count FROM crm.segment k
                WHERE k.tenant_id = \(tenant) AND k.id IN (SELECT segment_id FROM gone) ORDER BY k.id FOR NO KEY UPDATE
            ) AS g
            WHERE s.tenant_id = \(tenant) AND s.id = g.id
            """)
    }

    /// Has those in a segment whom its rule describes, and no others; the output is whether so many came and went, more than one for
    /// ten that are in it now, that statistics say something else.
    ///
    /// - Parameters:
    ///   - customers: whom to look at; `nil` for all.
    ///   - isExact: whether all customers are looked at as they are now, and not as they were found last.
    static func evaluate(
        _ terms: SegmentQuery.Terms, _ evaluated: EvaluatedRule, _ customers: [Customer.ID]?, isExact: Bool = false
    ) -> Statement<Bool> {
        let (tenant, id) = (terms.tenant, evaluated.id)
        let few: SQL = customers.map { "AND m.customer_id = ANY (\($0))" } ?? ""
        // Of all, the time is told even when nobody came or went.
        let changes: SQL = customers == nil ? "" : "AND (EXISTS (SELECT FROM come) OR EXISTS (SELECT FROM gone))"
        let moment: SQL = customers == nil ? "now()" : "s.evaluated_at"
        return Statement(
            customers == nil ? "segment.evaluate" : "segment.evaluate_some",
            """
            WITH matching AS NOT MATERIALIZED (\(SegmentQuery.matching(evaluated.rule, terms, customers: customers, isExact: isExact))),
            diff AS MATERIALIZED (
                SELECT k.id AS come, m.customer_id AS gone FROM matching k
                FULL JOIN (
                    SELECT m.customer_id FROM crm.segment_member m
                    WHERE m.tenant_id = \(tenant) AND m.segment_id = \(id) \(few)
                ) m ON m.customer_id = k.id
                WHERE k.id IS NULL OR m.customer_id IS NULL
            ), gone AS (
                DELETE FROM crm.segment_member m USING diff d
                WHERE m.tenant_id = \(tenant) AND m.segment_id = \(id) AND m.customer_id = d.gone
                RETURNING m.customer_id, m.entered_at
            ), past AS (
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                SELECT \(tenant), \(id), g.customer_id, g.entered_at, now() FROM gone g
                -- Nothing is kept of who was forgotten.
                WHERE NOT EXISTS (SELECT FROM crm.customer e
                    WHERE e.tenant_id = \(tenant) AND e.id = g.customer_id AND e.erased_at IS NOT NULL)
                ON CONFLICT DO NOTHING
                RETURNING customer_id
            ), come AS (
                INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id)
                SELECT \(tenant), \(id), d.come FROM diff d WHERE d.come IS NOT NULL
                    -- Who was deleted is known some seconds later.
                    AND EXISTS (SELECT FROM crm.customer e WHERE e.tenant_id = \(tenant) AND e.id = d.come AND e.deleted_at IS NULL)
                ON CONFLICT DO NOTHING
                RETURNING customer_id
            ), counted AS (
                UPDATE crm.segment s SET evaluated_at = \(moment),
                    member_count = coalesce(s.member_count, 0) + (SELECT count(*) FROM come) - (SELECT count(*) FROM gone)
                WHERE s.tenant_id = \(tenant) AND s.id = \(id) \(changes)
                RETURNING s.member_count
            )
            SELECT (SELECT count(*) FROM come) + (SELECT count(*) FROM gone), (SELECT member_count FROM counted)
            """,
            one: { row in
                let (changes, members): (Int, Int?) = (try row.next(), try row.nextIfPresent())
                return changes * 10 > members ?? 0
            })
    }
}
