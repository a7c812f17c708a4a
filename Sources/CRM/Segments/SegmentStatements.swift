import Foundation
public import Postgres

enum SegmentStatements {
    private static let columns: SQL = """
        s.id, s.name, s.kind, s.rule, s.member_count, s.evaluated_at, s.version, s.created_at, s.updated_at
        """

    static func find(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Segment?> {
        Statement(
            "segment.find",
            "SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL",
            optional: Segment.init(row:))
    }

    static func list(_ tenant: Tenant.ID, _ page: PageRequest<Segment>) -> Statement<[Segment]> {
        Statement(
            "segment.list",
            """
            SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.deleted_at IS NULL
            \(page.clause(id: "s.id"))
            """, all: Segment.init(row:))
    }

    static func insert(
        _ tenant: Tenant.ID, _ id: Segment.ID, name: String, kind: Segment.Kind, rule: SegmentRule?
    ) throws -> Statement<Int> {
        Statement(
            "segment.insert",
            """
            INSERT INTO crm.segment (tenant_id, id, name, kind, rule, member_count)
            VALUES (\(tenant), \(id), \(name), \(kind), \(try rule.map { try JSONValue($0.node) }),
                \(kind == .manual ? Int32(0) : nil))
            """)
    }

    /// Holds evaluations of one segment apart; the rule is read under the lock.
    static func lock(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Segment?> {
        Statement(
            "segment.lock",
            """
            SELECT \(columns) FROM crm.segment s WHERE s.tenant_id = \(tenant) AND s.id = \(id) AND s.deleted_at IS NULL
            FOR NO KEY UPDATE
            """, optional: Segment.init(row:))
    }

    private static func matching(_ tenant: Tenant.ID, _ rule: SegmentRule) -> SQL {
        """
        SELECT c.id FROM crm.customer c LEFT JOIN (
            SELECT tenant_id, customer_id, count(*) AS count, sum(amount - returned_amount) AS amount, max(ordered_on) AS last_on
            FROM crm.customer_order WHERE tenant_id = \(tenant) AND deleted_at IS NULL GROUP BY tenant_id, customer_id
        ) o ON o.tenant_id = c.tenant_id AND o.customer_id = c.id
        WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL AND \(rule.sql)
        """
    }

    static func removeLeavers(_ tenant: Tenant.ID, _ id: Segment.ID, _ rule: SegmentRule) -> Statement<Int> {
        Statement(
            "segment.remove_leavers",
            """
            DELETE FROM crm.segment_member m WHERE m.tenant_id = \(tenant) AND m.segment_id = \(id)
                AND NOT EXISTS (SELECT FROM (\(matching(tenant, rule))) AS matching WHERE matching.id = m.customer_id)
            """)
    }

    static func addEntrants(_ tenant: Tenant.ID, _ id: Segment.ID, _ rule: SegmentRule) -> Statement<Int> {
        Statement(
            "segment.add_entrants",
            """
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id)
            SELECT \(tenant), \(id), matching.id FROM (\(matching(tenant, rule))) AS matching
            ON CONFLICT DO NOTHING
            """)
    }

    static func addMembers(_ tenant: Tenant.ID, _ id: Segment.ID, _ customers: [Customer.ID]) -> Statement<Int> {
        Statement(
            "segment.add_members",
            """
            INSERT INTO crm.segment_member (tenant_id, segment_id, customer_id)
            SELECT c.tenant_id, \(id), c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.id = ANY (\(customers)) AND c.deleted_at IS NULL
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

    static func recount(_ tenant: Tenant.ID, _ id: Segment.ID) -> Statement<Int> {
        Statement(
            "segment.recount",
            """
            UPDATE crm.segment s SET evaluated_at = now(), version = s.version + 1, member_count = (
                SELECT count(*) FROM crm.segment_member m WHERE m.tenant_id = \(tenant) AND m.segment_id = \(id))
            WHERE s.tenant_id = \(tenant) AND s.id = \(id)
            """)
    }
}

extension Segment.Kind: PostgresEncodable, PostgresDecodable {}

extension Segment {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), kind: try row.next(),
            rule: try row.nextIfPresent(JSONValue<JSONNode>.self).map { try SegmentRule($0.value) },
            memberCount: try row.nextIfPresent(), evaluatedAt: try row.nextIfPresent(), version: try row.next(),
            createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension Segment: Listed {
    public static var orders: [ListOrder<Segment>] {
        [
            .time("created_at", "s.created_at") { $0.createdAt }, .text("name", "s.name") { $0.name },
        ]
    }
}
