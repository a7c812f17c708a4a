public import Foundation
public import Postgres

/// Where customers come from; a tree of main (اصلی) and sub (فرعی) markets.
public typealias Market = Record<MarketValues>

public struct MarketValues: TreeValues, NamedValues {
    public static let nameRule = TextRule.words(200)
    public static let customers = 0...1_000_000_000_000

    /// The main market of a sub-market.
    public var parentID: UUID?
    public var name: String
    /// How many customers there are in it, whoever serves them.
    public var customerEstimate: Int?
    /// What they spend in a year, with whomever.
    public var yearlyValue: Money?

    public init(
        name: String, parentID: UUID? = nil, customerEstimate: Int? = nil, yearlyValue: Money? = nil
    ) {
        self.name = name
        self.parentID = parentID
        self.customerEstimate = customerEstimate
        self.yearlyValue = yearlyValue
    }

    public static let kind = "market"
    public static let schemaName = "Market"
    public static let schemaDescription = "Where customers come from: a main market, or a sub-market of one."
    public static let readScope = Scope.marketsRead
    public static let writeScope = Scope.marketsWrite
    public static var example: MarketValues {
        MarketValues(
            name: "Tehran", parentID: Example.uuid, customerEstimate: 90_000,
            yearlyValue: Money(amount: 4_500_000, currency: "GBP"))
    }

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        errors.check(customerEstimate, in: Self.customers, "/customer_estimate")
        errors.check(yearlyValue, "/yearly_value")
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("parent_id", parentID.map { Identifier<Market>(rawValue: $0) }, "The main market; null for one.")
        json.member("name", name, "Its name, which no other market has.")
        json.member("customer_estimate", customerEstimate, "How many customers there are, whoever serves them.")
        json.member("yearly_value", yearlyValue, "What they spend in a year, with whomever.")
    }
}

extension MarketValues {
    public static let table = RecordTable(
        name: "crm.market", columns: ["parent_id", "name", "customer_estimate", "yearly_amount", "yearly_currency"],
        statements: .init(
            find: "market.find", list: "market.list", insert: "market.insert", update: "market.update",
            remove: "market.remove", lock: "market.lock", uses: "market.uses"),
        uniqueKey: .name("market_name_key"),
        uses: [
            .init(table: "crm.market", column: "parent_id", spoken: "markets below it"),
            .init(
                table: "crm.customer_market", column: "market_id", spoken: "customers",
                condition: """
                    EXISTS (SELECT FROM crm.customer c WHERE c.tenant_id = u.tenant_id AND c.id = u.customer_id AND c.deleted_at IS NULL)
                    """),
        ])
    /// Who is in a market is in those above it.
    public func movesCustomers(after old: MarketValues) -> Bool { parentID != old.parentID }
    public static let tree = TreeLink.parent("market.place")
    public static let filters = [
        RecordFilterField(
            name: "parent_id", value: .identifier(kind: kind), description: "Only those right below this one.",
            column: "parent_id")
    ]

    public var columns: [SQL] {
        [
            "\(parentID)", "\(name)", "\(customerEstimate)", "\(yearlyValue?.amount)", "\(yearlyValue?.currency)",
        ]
    }

    public init(row: inout RowReader) throws {
        parentID = try row.nextIfPresent()
        name = try row.next()
        customerEstimate = try row.nextIfPresent()
        yearlyValue = try Money(row: &row)
    }
}
