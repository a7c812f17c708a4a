import Foundation
import Postgres

/// Who is in a segment, and who was.
enum SegmentMemberStatements {
    static func enteredAt(
        _ tenant: Tenant.ID, _ segment: Segment.ID, _ customer: Customer.ID
    ) -> Statement<Date?> {
        Statement(
            "segment.entered_at",
            """
            SELECT entered_at FROM crm.segment_member
            WHERE tenant_id = \(tenant) AND segment_id = \(segment) AND customer_id = \(customer)
            """, optional: { try $0.next() })
    }

    static func add(_ tenant: Tenant.ID, _ id: Segment.ID, _ customers: [Customer.ID]) -> Statement<Int> {
        Statement(
            "segment.add_members",
            """
            WITH come AS (
                INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id)
                SELECT c.tenant_id, \(id), c.id FROM crm.customer c
                WHERE c.tenant_id = \(tenant) AND c.id = ANY (\(customers)) AND c.deleted_at IS NULL
                ON CONFLICT DO NOTHING
                RETURNING customer_id
            )
            UPDATE crm.segment s SET member_count = coalesce(s.member_count, 0) + (SELECT count(*) FROM come)
            WHERE s.tenant_id = \(tenant) AND s.id = \(id)
            """)
    }

    /// 0 for who is not in the segment.
    static func remove(_ tenant: Tenant.ID, _ id: Segment.ID, _ customer: Customer.ID) -> Statement<Int> {
        Statement(
            "segment.remove_member",
            """
            WITH gone AS (
                DELETE FROM crm.segment_member WHERE tenant_id = \(tenant) AND segment_id = \(id) AND customer_id = \(customer)
                RETURNING customer_id, entered_at
            ), past AS (
                INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
                SELECT \(tenant), \(id), g.customer_id, g.entered_at, now() FROM gone g
                ON CONFLICT DO NOTHING
                RETURNING customer_id
            )
            UPDATE crm.segment s SET member_count = s.member_count - 1
            WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND EXISTS (SELECT FROM gone)
            """)
    }

    /// Ends everybody's time in a segment.
    static func removeAll(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Int> {
        Statement(
            "segment.remove_members",
            """
            WITH gone AS (
                DELETE FROM crm.segment_member WHERE tenant_id = \(tenant) AND segment_id = \(id)
                RETURNING customer_id, entered_at
            )
            INSERT INTO crm.segment_stay (tenant_id, segment_id, customer_id, entered_at, left_at)
            SELECT \(tenant), \(id), g.customer_id, g.entered_at, now() FROM gone g
            WHERE NOT EXISTS (SELECT FROM crm.customer e
                WHERE e.tenant_id = \(tenant) AND e.id = g.customer_id AND e.erased_at IS NOT NULL)
            ON CONFLICT DO NOTHING
            """)
    }

    /// Those of the ids that are customers, which nobody deletes until the transaction ends.
    static func known(_ tenant: Tenant.ID, _ customers: [Customer.ID]) -> Statement<[Customer.ID]> {
        Statement(
            "segment.known_customers",
            """
            SELECT id FROM crm.customer WHERE tenant_id = \(tenant) AND id = ANY (\(customers)) AND deleted_at IS NULL
            ORDER BY id FOR SHARE
            """,
            all: { try $0.next() })
    }

    /// Who came and went, each kind of change from its own index.
    static func changes(
        _ tenant: Tenant.ID, of segment: Segment.ID, _ page: PageRequest<SegmentChange>
    ) -> Statement<[SegmentChange]> {
        func part(_ change: SegmentChange.Kind, _ table: SQL, _ time: SQL) -> SQL {
            """
            (SELECT e.customer_id, \(change)::text, \(time) FROM \(table) e
            WHERE e.tenant_id = \(tenant) AND e.segment_id = \(segment) \(page.clause(id: "e.customer_id", column: time)))
            """
        }
        let parts = [
            part(.entered, "crm.segment_member", "e.entered_at"), part(.entered, "crm.segment_stay", "e.entered_at"),
            part(.left, "crm.segment_stay", "e.left_at"),
        ]
        return Statement(
            "segment.changes",
            """
            SELECT t.customer_id, t.change, t.changed_at
            FROM (\(SQL.joined(parts, by: "\nUNION ALL\n"))) AS t (customer_id, change, changed_at)
            WHERE true \(page.clause(id: "t.customer_id"))
            """,
            all: { row in
                SegmentChange(customerID: try row.next(), change: try row.next(), changedAt: try row.next())
            })
    }

    /// A customer's times in segments. The limit within keeps PostgreSQL from going through all segments of the business.
    static func stays(
        _ tenant: Tenant.ID, of customer: Customer.ID, _ page: PageRequest<SegmentStay>
    ) -> Statement<[SegmentStay]> {
        Statement(
            "segment.stays",
            """
            SELECT t.segment_id, s.name, t.entered_at, t.left_at FROM (
                SELECT m.tenant_id, m.segment_id, m.entered_at, NULL::timestamptz AS left_at FROM crm.segment_member m
                WHERE m.tenant_id = \(tenant) AND m.customer_id = \(customer)
                UNION ALL
                SELECT p.tenant_id, p.segment_id, p.entered_at, p.left_at FROM crm.segment_stay p
                WHERE p.tenant_id = \(tenant) AND p.customer_id = \(customer)
            ) t
            CROSS JOIN LATERAL (SELECT g.name FROM crm.segment g
                WHERE g.tenant_id = \(tenant) AND g.id = t.segment_id AND g.deleted_at IS NULL LIMIT 1) s
            WHERE t.tenant_id = \(tenant)
            \(page.clause(id: "t.segment_id"))
            """,
            all: { row in
                SegmentStay(
                    segmentID: try row.next(), name: try row.next(), enteredAt: try row.next(),
                    leftAt: try row.nextIfPresent())
            })
    }
}
