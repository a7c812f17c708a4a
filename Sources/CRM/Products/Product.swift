public import Foundation
public import Postgres

/// What the business sells.
public typealias Product = Record<ProductValues>

public struct ProductValues: TreeValues {
    /// Where a product is in its life.
    public enum State: String, JSONChoice {
        case active, weak, outdated, withdrawn
    }

    public static let codeRule = TextRule.words(100)
    public static let nameRule = TextRule.words(200)

    public var code: String
    public var name: String
    public var price: Money?
    /// What one costs the business, so that orders have a margin.
    public var cost: Money?
    public var state: State
    /// What is sold in its place.
    public var successorID: UUID?

    public init(
        code: String, name: String, price: Money? = nil, cost: Money? = nil, state: State = .active,
        successorID: UUID? = nil
    ) {
        self.code = code
        self.name = name
        self.price = price
        self.cost = cost
        self.state = state
        self.successorID = successorID
    }

    /// Products that follow each other are a tree, whose top is what is sold today.
    public var parentID: UUID? { successorID }

    public static let kind = "product"
    public static let schemaName = "Product"
    public static let schemaDescription = "What the business sells."
    public static let readScope = Scope.productsRead
    public static let writeScope = Scope.productsWrite
    public static var example: ProductValues {
        ProductValues(
            code: "BK-17", name: "Divan of Hafez, pocket edition", price: Money(amount: 12.5, currency: "GBP"),
            cost: Money(amount: 7, currency: "GBP"), state: .weak, successorID: Example.uuid)
    }

    public static var orders: [ListOrder<Product>] {
        [
            .time("created_at", "created_at") { $0.createdAt }, .text("code", "code") { $0.values.code },
            .text("name", "name") { $0.values.name },
        ]
    }

    public static let filters = [
        RecordFilterField(
            name: "state", value: .choice(State.allCases.map(\.rawValue)),
            description: "Only those in this state of their life.", column: "state"),
        RecordFilterField(
            name: "successor_id", value: .identifier(kind: kind), description: "Only those that this one follows.",
            column: "successor_id"),
    ]

    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.codeRule.check(code, "/code", into: &errors)
        Self.nameRule.check(name, "/name", into: &errors)
        errors.check(price, "/price")
        errors.check(cost, "/cost")
        if let price, let cost, price.currency != cost.currency {
            errors.append(FieldError("/cost/currency", "currency", "That of the price, or there is no margin."))
        }
        return errors
    }

    public func members(_ json: inout JSONWriter) {
        json.member("code", code, "The business's own number, which no other product has.")
        json.member("name", name, "What it is called.")
        json.member("price", price, "What one is sold for.")
        json.member("cost", cost, "What one costs the business.")
        json.member("state", state, "Where it is in its life; a withdrawn one is not sold any more.")
        json.member(
            "successor_id", successorID.map { Identifier<Product>(rawValue: $0) }, "What is sold in its place.")
    }
}

extension ProductValues {
    public static let table = RecordTable(
        name: "crm.product",
        columns: [
            "code", "name", "price_amount", "price_currency", "cost_amount", "cost_currency", "state", "successor_id",
        ],
        statements: .init(
            find: "product.find", list: "product.list", insert: "product.insert", update: "product.update",
            remove: "product.remove", lock: "product.lock", uses: "product.uses"),
        uniqueKey: .init(constraint: "product_code_key", code: "code_taken", member: "code"),
        uses: [
            .init(table: "crm.product", column: "successor_id", spoken: "products that it follows"),
            .init(
                table: "crm.order_line", column: "product_id", spoken: "orders",
                condition: """
                    EXISTS (SELECT FROM crm.customer_order o WHERE o.tenant_id = u.tenant_id AND o.id = u.order_id AND o.deleted_at IS NULL)
                    """),
        ])
    public static let tree = TreeLink(
        statement: "product.place", column: "successor_id", pointer: "/successor_id", maximumDepth: 100)

    public var columns: [SQL] {
        [
            "\(code)", "\(name)", "\(price?.amount)", "\(price?.currency)", "\(cost?.amount)", "\(cost?.currency)",
            "\(state)", "\(successorID)",
        ]
    }

    public init(row: inout RowReader) throws {
        code = try row.next()
        name = try row.next()
        price = try Money(row: &row)
        cost = try Money(row: &row)
        state = try row.next()
        successorID = try row.nextIfPresent()
    }
}

extension ProductValues.State: PostgresEncodable, PostgresDecodable {}
