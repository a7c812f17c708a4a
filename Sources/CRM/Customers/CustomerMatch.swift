public import Postgres

/// A customer that a search has found.
public struct CustomerMatch: Sendable {
    public let customer: Customer
    /// How well it fits: above 2 by an address or a reference, else up to 1.5 by the names.
    public let rank: Double
}

/// The bounds of searches.
public enum CustomerSearch {
    public static let textRule = TextRule.words(200)
    public static let limits = 1...50
    public static let usualLimit = 20
}

extension CustomerMatch: JSONObject {
    public static let schemaName = "CustomerMatch"
    public static let schemaDescription = "A customer that a search has found."
    public static var example: CustomerMatch { CustomerMatch(customer: .example, rank: 0.75) }

    public func members(_ json: inout JSONWriter) {
        json.member("customer", customer, "The customer.", isPersonal: true)
        json.member(
            "rank", rank, "How well it fits: from 2 on by an address or a reference, below that by the names.")
    }
}

extension CustomerStatements {
    /// The best first; a function of the owner's does the search, since row security keeps its index from being entered.
    static func search(_ tenant: Tenant.ID, _ text: String, limit: Int) -> Statement<[CustomerMatch]> {
        Statement(
            "customer.search",
            """
            SELECT s.rank, \(columns) FROM crm.search_customers(\(text), \(Int32(limit))) s
            JOIN crm.customer c ON c.tenant_id = \(tenant) AND c.id = s.customer_id AND c.deleted_at IS NULL
            \(contactPoints)
            ORDER BY s.rank DESC, c.search_name, c.id
            """,
            all: { row in
                let rank: Float = try row.next()
                return CustomerMatch(customer: try Customer(row: &row), rank: Double(rank))
            })
    }
}
