public import Foundation
public import Postgres

/// A purchase of a customer.
public struct Order: Sendable {
    public typealias ID = Identifier<Order>

    public let id: ID
    /// With what stands there: the amount, the quantity and the currency are there.
    public let values: OrderValues
    public let returns: [OrderReturn]
    public let returnedAmount: Decimal
    /// `nil` when the cost of something is not known.
    public let marginAmount: Decimal?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// Which orders a list shows.
public struct OrderFilter: Sendable {
    public var customer: Customer.ID?
    public var product: Product.ID?
    public var department: Department.ID?
    public var touchpoint: Touchpoint.ID?
    public var channels: [InteractionValues.Channel]?
    public var references: [String]?
    public var from: Date?
    public var until: Date?

    public init() {}
}

extension Order: Resource {
    public static let kind = "order"
    public static let schemaName = "Order"
    public static let schemaDescription = "A purchase of a customer. All of its amounts are in its currency."
    public static var example: Order {
        Order(
            id: Example.id(), values: .example, returns: [.example], returnedAmount: 12.5, marginAmount: 5.5,
            version: 2, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The order's id.")
        values.members(&json)
        json.member("returned_amount", returnedAmount.description, "What came back of the amount.")
        json.member(
            "margin_amount", marginAmount?.description,
            "What is left after the cost of what was sold and has not come back; null when a cost is not known.")
        json.member("returns", returns, "What came back.", isPersonal: true)
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Order: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<Order>] { [.time("happened_at", "o.happened_at") { $0.values.happenedAt }] }
}

/// What came back of an order.
public struct OrderReturn: Sendable {
    public let id: UUID
    /// The line's number; `nil` for an order without lines.
    public let line: Int?
    public let quantity: Int?
    public let amount: Decimal
    public let returnedOn: LocalDate
    public let reason: String?
}

extension OrderReturn: JSONObject {
    public static let schemaName = "OrderReturn"
    public static let schemaDescription = "What came back of an order."
    public static var example: OrderReturn {
        OrderReturn(
            id: Example.uuid, line: 1, quantity: 1, amount: 12.5, returnedOn: Example.day, reason: "bought twice")
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The return's id.")
        json.member("line", line, "The number of the line; null for an order without lines.")
        json.member("quantity", quantity, "How many came back.")
        json.member("amount", amount.description, "What the customer got back.")
        json.member("returned_on", returnedOn, "The day.")
        json.member("reason", reason, "Why.")
    }
}
