import Foundation
import Postgres

/// What the business has that rows may name.
enum ImportTermsStatements {
    static func attributes(_ tenant: Tenant.ID) -> Statement<[CustomerAttributeValues]> {
        Statement(
            "import.attributes",
            """
            SELECT name, label, type, choices, is_required FROM crm.customer_attribute
            WHERE tenant_id = \(tenant) AND deleted_at IS NULL
            """, all: CustomerAttributeValues.init(row:))
    }

    static func markets(_ tenant: Tenant.ID) -> Statement<[(id: UUID, name: String)]> {
        Statement(
            "import.markets", "SELECT id, name FROM crm.market WHERE tenant_id = \(tenant) AND deleted_at IS NULL",
            all: { (try $0.next(), try $0.next()) })
    }

    static func members(_ tenant: Tenant.ID) -> Statement<[(id: UUID, address: String)]> {
        Statement(
            "import.members", "SELECT id, email FROM crm.member WHERE tenant_id = \(tenant) AND deleted_at IS NULL",
            all: { (try $0.next(), try $0.next()) })
    }
}
