import Foundation
import Postgres

/// What customers are worth: who brings how much of the revenue, and how recency, frequency and money are spread.
public struct ValueReport: Sendable {
    public struct Tier: Sendable {
        public let tier: ValueTier
        public let customers: Int
        public let amount: Money
        /// Of the revenue, 0…1.
        public let share: Double
    }

    public struct Cell: Sendable {
        public let recency: Int
        public let frequency: Int
        public let money: Int
        public let customers: Int
        public let amount: Money
    }

    public let tiers: [Tier]
    public let cells: [Cell]
}

extension ValueReport: JSONObject {
    public static let schemaName = "ValueReport"
    public static let schemaDescription =
        "What customers are worth, as it was found out last night, or after a large import since."
    public static var example: ValueReport {
        let amount = Money(amount: 8_000_000, currency: "IRR")
        return ValueReport(
            tiers: [Tier(tier: .a, customers: 20, amount: amount, share: 0.8)],
            cells: [Cell(recency: 5, frequency: 4, money: 5, customers: 12, amount: amount)])
    }

    public func members(_ json: inout JSONWriter) {
        json.member(
            "tiers", tiers,
            "Customers by what they bring: a the best, who bring the first 80 per cent of the revenue, b the next 15, c the others."
        )
        json.member(
            "cells", cells,
            "Customers by fifths of recency, frequency and money, 5 the best; cells with nobody are left out.")
    }
}

extension ValueReport.Tier: JSONObject {
    public static let schemaName = "ValueTier"
    public static let schemaDescription = "Customers who together bring a part of the revenue."
    public static var example: ValueReport.Tier { ValueReport.example.tiers[0] }

    public func members(_ json: inout JSONWriter) {
        json.member("tier", tier, "Which: value.tier in rules.")
        json.member("customers", customers, "How many customers.")
        json.member("amount", amount, "What they bought, without what came back.")
        json.member("share", share, "Their part of the revenue, 0 to 1.")
    }
}

extension ValueReport.Cell: JSONObject {
    public static let schemaName = "ValueCell"
    public static let schemaDescription = "Customers who are alike in recency, frequency and money."
    public static var example: ValueReport.Cell { ValueReport.example.cells[0] }

    public func members(_ json: inout JSONWriter) {
        json.member("recency", recency, "The fifth of their last orders: value.recency in rules.")
        json.member("frequency", frequency, "The fifth of their numbers of orders: value.frequency.")
        json.member("money", money, "The fifth of what they bought: value.money.")
        json.member(
            "group", ValueGroup(recency: recency, frequency: frequency),
            "What recency and frequency say in a word: value.group.")
        json.member("customers", customers, "How many customers.")
        json.member("amount", amount, "What they bought, without what came back.")
    }
}

/// What customers are worth.
public struct ValueService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    public func report(_ context: TenantContext) async throws -> ValueReport {
        try context.require(.ordersRead)
        let tenant = context.tenantID
        let (settings, tiers, cells) = try await database.pipeline(
            context, TenantStatements.settings(tenant), ValueStatements.tiers(tenant), ValueStatements.cells(tenant))
        func money(_ amount: Decimal) -> Money { Money(amount: amount, currency: settings.currency) }
        let total = tiers.reduce(0 as Decimal) { $0 + $1.amount }
        return ValueReport(
            tiers: tiers.map { tier in
                let share = total == 0 ? 0 : (tier.amount / total as NSDecimalNumber).doubleValue
                return ValueReport.Tier(
                    tier: tier.tier, customers: tier.customers, amount: money(tier.amount), share: share)
            },
            cells: cells.map { cell in
                ValueReport.Cell(
                    recency: cell.place[0], frequency: cell.place[1], money: cell.place[2], customers: cell.customers,
                    amount: money(cell.amount))
            })
    }
}

enum ValueStatements {
    static func tiers(
        _ tenant: Tenant.ID
    ) -> Statement<[(tier: ValueTier, customers: Int, amount: Decimal)]> {
        Statement(
            "value.tiers",
            """
            SELECT v.tier, count(*), sum(v.order_amount) FROM crm.customer_summary v
            WHERE v.tenant_id = \(tenant) AND v.tier IS NOT NULL GROUP BY v.tier ORDER BY v.tier
            """, all: { row in (try row.next(), try row.next(), try row.next()) })
    }

    static func cells(
        _ tenant: Tenant.ID
    ) -> Statement<[(place: [Int], customers: Int, amount: Decimal)]> {
        Statement(
            "value.cells",
            """
            SELECT v.recency::integer, v.frequency::integer, v.money::integer, count(*), sum(v.order_amount)
            FROM crm.customer_summary v
            WHERE v.tenant_id = \(tenant) AND v.recency IS NOT NULL
            GROUP BY v.recency, v.frequency, v.money ORDER BY v.recency DESC, v.frequency DESC, v.money DESC
            """,
            all: { row in
                ([try row.next(), try row.next(), try row.next()], try row.next(), try row.next())
            })
    }
}
