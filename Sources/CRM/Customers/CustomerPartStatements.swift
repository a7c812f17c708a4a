import Foundation
import JobQueue
public import Postgres

/// What stands of a customer in other tables than its own.
package enum CustomerPartStatements {
    package static func insertContactPoints(
        _ tenant: Tenant.ID, _ id: Customer.ID, _ points: [ContactPoint]
    ) -> Statement<Int> {
        Statement(
            "contact_point.insert",
            """
            INSERT INTO crm.contact_point (tenant_id, id, customer_id, channel, address, is_primary, type, verified_at)
            SELECT \(tenant), p.id, \(id), p.channel, p.address, p.is_primary, p.type, p.verified_at
            FROM unnest(\(points.map { _ in UUID.v7() }), \(points.map(\.channel.rawValue)), \(points.map(\.address)),
                \(points.map(\.isPrimary)), \(NullableArray(points.map { $0.type?.rawValue })),
                \(NullableArray(points.map(\.verifiedAt)))) AS p (id, channel, address, is_primary, type, verified_at)
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

    /// What others find the customer by: markets, tags, and references of other systems.
    static func insert(_ tenant: Tenant.ID, _ id: Customer.ID, _ values: CustomerValues) -> Statement<Void> {
        let references = values.references.sorted { $0.key < $1.key }
        return Statement(
            effect: "customer.insert_parts",
            """
            WITH markets AS (
                INSERT INTO crm.customer_market (tenant_id, customer_id, market_id)
                SELECT \(tenant), \(id), m.id FROM unnest(\(values.marketIDs)) AS m (id) RETURNING market_id
            ), tags AS (
                INSERT INTO crm.customer_tag (tenant_id, customer_id, tag)
                SELECT \(tenant), \(id), t.tag FROM unnest(\(values.tags)) AS t (tag) RETURNING tag
            )
            INSERT INTO crm.customer_reference (tenant_id, system, reference, customer_id)
            SELECT \(tenant), r.system, r.reference, \(id)
            FROM unnest(\(references.map(\.key)), \(references.map(\.value))) AS r (system, reference)
            RETURNING reference
            """)
    }

    /// By the numbers in other systems of those who were made one with the customer it is found, too, where nobody else is.
    static func insertFormerReferences(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Int> {
        Statement(
            "customer.insert_former_references",
            """
            INSERT INTO crm.customer_reference (tenant_id, system, reference, customer_id)
            SELECT \(tenant), f.system, f.reference, \(id) FROM crm.former_references(\(tenant), \(id)) AS f
            ON CONFLICT DO NOTHING
            """)
    }

    static func delete(_ tenant: Tenant.ID, _ id: Customer.ID) -> Statement<Void> {
        Statement(
            effect: "customer.delete_parts",
            """
            WITH markets AS (
                DELETE FROM crm.customer_market WHERE tenant_id = \(tenant) AND customer_id = \(id) RETURNING market_id
            ), tags AS (
                DELETE FROM crm.customer_tag WHERE tenant_id = \(tenant) AND customer_id = \(id) RETURNING tag
            )
            DELETE FROM crm.customer_reference WHERE tenant_id = \(tenant) AND customer_id = \(id)
            """)
    }
}
