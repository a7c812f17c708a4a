import CRM
import Foundation
import Postgres

/// The API's own statements as pgbench scripts: its placeholders become expressions over pgbench's variables.
enum APIFloor {
    private static let tenant = Tenant.ID(rawValue: UUID())
    private static let customer = Customer.ID(rawValue: UUID())
    private static let tenantValue = "md5(:t::text)::uuid"

    static var get: [String] {
        get throws { [text(CustomerStatements.find(tenant, customer).sql, [tenantValue, "md5(:i::text)::uuid"])] }
    }

    static var list: [String] {
        get throws {
            [text(CustomerStatements.list(tenant, CustomerFilter(), try PageRequest()).sql, [tenantValue, "51"])]
        }
    }

    static var post: [String] {
        get throws {
            var new = CustomerValues(name: "New")
            new.contactPoints = [ContactPoint(channel: .email, address: "new@customer.example", isPrimary: true)]
            // One id for the transaction, as the API makes one: derived, since pgbench cannot keep a random UUID.
            let id = "md5(:n || '-' || :i || '-' || :client_id)::uuid"
            return [
                """
                SELECT crm.begin_request(\(tenantValue), \(tenantValue), 'create_customer', (:n || '-' || :i || '-' || :client_id),
                    sha256('body'), \(id))
                """,
                text(
                    try CustomerStatements.insert(tenant, customer, new).sql,
                    [tenantValue, id, "'person'", "'potential'", "NULL", "NULL", "'{}'", "'New'", "'{}'"]
                        + Array(repeating: "NULL", count: 8) + ["'{}'", "'{}'", "'{}'", tenantValue]),
                text(
                    CustomerPartStatements.insertContactPoints(tenant, customer, new.contactPoints).sql,
                    [
                        tenantValue, id, "ARRAY[gen_random_uuid()]", "ARRAY['email']", "ARRAY['new@customer.example']",
                        "ARRAY[true]", "ARRAY[NULL::text]", "ARRAY[NULL::timestamptz]",
                    ]),
                """
                INSERT INTO crm.event (tenant_id, id, actor_kind, actor_id, request_id, action, object_kind, object_id, data)
                VALUES (\(tenantValue), gen_random_uuid(), 'key', gen_random_uuid(), 'benchmark', 'customer.created', 'customer',
                    \(id), '{}')
                """, text(CustomerStatements.find(tenant, customer).sql, [tenantValue, id]),
            ]
        }
    }

    private static func text(_ sql: SQL, _ values: [String]) -> String {
        var text = sql.text
        for (index, value) in values.enumerated().reversed() {
            text = text.replacingOccurrences(of: "$\(index + 1)", with: value)
        }
        return text
    }

    /// One pipelined transaction of a random customer's tenant.
    static func script(_ statements: [String], customers: Int) -> String {
        let lines =
            ["BEGIN", "SELECT crm.set_tenant(\(tenantValue))"]
            + statements.map { $0.replacingOccurrences(of: "\n", with: " ") }
            + ["COMMIT"]
        return """
            \\set i random(1, \(customers))
            \\set n random(1, 1000000000)
            \\set t :i % 100
            \\startpipeline
            \(lines.map { $0 + ";" }.joined(separator: "\n"))
            \\endpipeline

            """
    }
}
