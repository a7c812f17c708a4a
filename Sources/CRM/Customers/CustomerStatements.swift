import Foundation
import JobQueue
public import Postgres

package enum CustomerStatements {
    /// Contact points come as arrays beside the customer: one statement, no second trip.
    private static let columns: SQL = """
        c.id, c.kind, c.stage, c.reference, c.name, c.language, c.time_zone, c.attributes, c.version, c.created_at,
        c.updated_at, p.channels, p.addresses, p.primaries
        """

    private static let contactPoints: SQL = """
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(q.channel), '{}') AS channels, coalesce(array_agg(q.address), '{}') AS addresses,
                coalesce(array_agg(q.is_primary), '{}') AS primaries
            FROM (SELECT k.channel, k.address, k.is_primary FROM crm.contact_point k
                WHERE k.tenant_id = c.tenant_id AND k.customer_id = c.id AND k.deleted_at IS NULL
                ORDER BY k.channel, k.is_primary DESC, k.id) AS q
        ) AS p
        """

    package static func find(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Customer?> {
        Statement(
            "customer.find",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.id = \(id) AND c.deleted_at IS NULL
            """,
            optional: Customer.init(row:))
    }

    package static func list(_ tenant: Tenant.ID, _ filter: CustomerFilter, _ page: PageRequest<Customer>) -> Statement<
        [Customer]
    > {
        Statement(
            "customer.list",
            """
            SELECT \(columns) FROM crm.customer c \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL \(filter.condition)
            \(page.clause(id: "c.id"))
            """, all: Customer.init(row:))
    }

    /// The customers of a segment; a list by the customers' age.
    static func members(_ tenant: Tenant.ID, of segment: Segment.ID, _ page: PageRequest<Customer>) -> Statement<
        [Customer]
    > {
        Statement(
            "segment.members",
            """
            SELECT \(columns) FROM crm.customer c
            JOIN crm.segment_member m ON m.tenant_id = c.tenant_id AND m.customer_id = c.id
            \(contactPoints)
            WHERE c.tenant_id = \(tenant) AND m.tenant_id = \(tenant) AND m.segment_id = \(segment)
                AND c.deleted_at IS NULL
            \(page.clause(id: "c.id"))
            """, all: Customer.init(row:))
    }

    package static func insert(_ tenant: Tenant.ID, _ id: Customer.ID, _ new: NewCustomer) throws -> Statement<Int> {
        Statement(
            "customer.insert",
            """
            INSERT INTO crm.customer (tenant_id, id, kind, stage, reference, name, language, time_zone, attributes)
            SELECT \(tenant), \(id), \(new.kind), \(new.stage), \(new.reference), \(new.name),
                coalesce(\(new.language), split_part(s.locale, '-', 1)), \(new.timeZone), \(try JSONValue(new.attributes))
            FROM crm.tenant_setting s WHERE s.tenant_id = \(tenant)
            RETURNING id
            """)
    }

    static func update(
        _ tenant: Tenant.ID, _ id: Customer.ID, _ old: Customer, _ changes: CustomerChanges
    ) throws -> Statement<Int> {
        let stage = changes.stage ?? old.stage
        return Statement(
            "customer.update",
            """
            UPDATE crm.customer SET kind = \(changes.kind ?? old.kind), stage = \(stage),
                stage_changed_at = CASE WHEN stage = \(stage) THEN stage_changed_at ELSE now() END,
                reference = \(changes.reference ?? old.reference), name = \(changes.name ?? old.name),
                language = \(changes.language ?? old.language), time_zone = \(changes.timeZone ?? old.timeZone),
                attributes = \(try JSONValue(changes.mergedAttributes(of: old))), version = version + 1,
                updated_at = now()
            WHERE tenant_id = \(tenant) AND id = \(id) AND version = \(old.version) AND deleted_at IS NULL
            """)
    }

    package static func insertContactPoints(
        _ tenant: Tenant.ID, _ id: Customer.ID, _ points: [ContactPoint]
    ) -> Statement<Int> {
        Statement(
            "contact_point.insert",
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary)
            SELECT \(tenant), p.id, \(id), p.channel, p.address, p.is_primary
            FROM unnest(\(points.map { _ in UUID.v7() }), \(points.map(\.channel.rawValue)), \(points.map(\.address)),
                \(points.map(\.isPrimary))) AS p (id, channel, address, is_primary)
            ON CONFLICT DO NOTHING
            """)
    }

    static func deleteContactPoints(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Int> {
        Statement(
            "contact_point.delete_all",
            """
            UPDATE crm.contact_point SET deleted_at = now(), version = version + 1
            WHERE tenant_id = \(tenant) AND customer_id = \(id) AND deleted_at IS NULL
            """)
    }
}

extension CustomerFilter {
    fileprivate var condition: SQL {
        var parts: [SQL] = []
        if let stages { parts.append("AND c.stage = ANY (\(stages.map(\.rawValue)))") }
        if let kinds { parts.append("AND c.kind = ANY (\(kinds.map(\.rawValue)))") }
        if let languages { parts.append("AND c.language = ANY (\(languages))") }
        if let references { parts.append("AND c.reference = ANY (\(references))") }
        return SQL.joined(parts, by: " ")
    }
}

extension Customer.Kind: PostgresEncodable, PostgresDecodable {}
extension ContactPoint.Channel: PostgresEncodable, PostgresDecodable {}
extension Customer.Stage: PostgresEncodable, PostgresDecodable {}

extension Customer {
    init(row: inout RowReader) throws {
        let id: ID = try row.next()
        let kind: Kind = try row.next()
        let stage: Stage = try row.next()
        let reference: String? = try row.nextIfPresent()
        let name: String = try row.next()
        let language: String = try row.next()
        let timeZone: String? = try row.nextIfPresent()
        let attributes: JSONText = try row.next()
        let version: Int = try row.next()
        let createdAt: Date = try row.next()
        let updatedAt: Date = try row.next()
        let channels: [ContactPoint.Channel] = try row.next()
        let addresses: [String] = try row.next()
        let primaries: [Bool] = try row.next()
        self.init(
            id: id, kind: kind, stage: stage, reference: reference, name: name, language: language, timeZone: timeZone,
            // Most customers have none, and a decoder costs more than the rest of the row.
            attributes: attributes.utf8 == Array("{}".utf8)
                ? [:] : try JSONDecoder().decode([String: JSONNode].self, from: Data(attributes.utf8)),
            contactPoints: zip(zip(channels, addresses), primaries).map { point, isPrimary in
                ContactPoint(channel: point.0, address: point.1, isPrimary: isPrimary)
            }, version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Customer: Listed {
    public static var orders: [ListOrder<Customer>] {
        [.time("created_at", "c.created_at") { $0.createdAt }]
    }
}
