public import Foundation
import JobQueue
public import Postgres

/// What came back of an order, as it is told.
public struct NewOrderReturn: Sendable {
    public struct Item: Sendable {
        public let line: Int
        public let quantity: Int
        /// What the customer gets back; `nil` for the line's part.
        public let amount: Decimal?

        public init(line: Int, quantity: Int, amount: Decimal? = nil) {
            self.line = line
            self.quantity = quantity
            self.amount = amount
        }
    }

    public static let reasonRule = TextRule.words(500)

    public let returnedOn: LocalDate
    public let reason: String?
    /// Of an order with lines.
    public let items: [Item]
    /// Of an order without.
    public let amount: Decimal?

    public init(returnedOn: LocalDate, reason: String? = nil, items: [Item] = [], amount: Decimal? = nil) {
        self.returnedOn = returnedOn
        self.reason = reason
        self.items = items
        self.amount = amount
    }

    /// Everything that is not allowed, whatever the order is like.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let reason { Self.reasonRule.check(reason, "/reason", into: &errors) }
        if returnedOn < OrderRules.firstDay || returnedOn > OrderRules.lastDay {
            errors.append(FieldError("/returned_on", "range", "From 1900-01-01 to today."))
        }
        for (index, item) in items.enumerated() {
            errors.check(item.line, in: 1...OrderValues.maximumLines, "/lines/\(index)/line")
            errors.check(item.quantity, in: OrderValues.quantities, "/lines/\(index)/quantity")
            if let amount = item.amount, amount < 0 {
                errors.append(FieldError("/lines/\(index)/amount", "range", "Not below zero."))
            }
        }
        CustomerRules.check(
            unique: items.map(\.line), "/lines", atMost: OrderValues.maximumLines, &errors)
        if let amount, amount <= 0 { errors.append(FieldError("/amount", "range", "Above zero.")) }
        return errors
    }

    /// What is returned of the order, and what that takes off its margin.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` for more than there is.
    func returns(of order: Order) throws -> (returns: [OrderReturn], margin: Decimal?) {
        guard returnedOn >= order.values.orderedOn else {
            throw ServiceError.invalid(
                "/returned_on", "range", "Not before \(order.values.orderedOn), when it was ordered.")
        }
        return try parts(of: order)
    }

    private func parts(of order: Order) throws -> (returns: [OrderReturn], margin: Decimal?) {
        order.values.lines.isEmpty ? ([try whole(of: order)], nil) : try lines(of: order)
    }

    private func whole(of order: Order) throws -> OrderReturn {
        guard items.isEmpty else { throw ServiceError.invalid("/lines", "not_allowed", "The order has no lines.") }
        guard let amount else { throw ServiceError.invalid("/amount", "required", "Is required without lines.") }
        let left = (order.values.amount ?? 0) - order.returnedAmount
        guard amount <= left else { throw ServiceError.invalid("/amount", "range", "At most \(left), which is left.") }
        return OrderReturn(
            id: UUID.v7(), line: nil, quantity: nil, amount: amount, returnedOn: returnedOn, reason: reason)
    }

    private func lines(of order: Order) throws -> (returns: [OrderReturn], margin: Decimal?) {
        guard amount == nil else {
            throw ServiceError.invalid("/amount", "not_allowed", "The order has lines; name them.")
        }
        guard !items.isEmpty else { throw ServiceError.invalid("/lines", "required", "What came back, line by line.") }
        var (errors, returns, margin) = ([FieldError](), [OrderReturn](), 0 as Decimal?)
        for (index, item) in items.enumerated() {
            guard order.values.lines.indices.contains(item.line - 1) else {
                errors.append(FieldError("/lines/\(index)/line", "not_found", "The order has no such line."))
                continue
            }
            let line = order.values.lines[item.line - 1]
            let earlier = order.returns.filter { $0.line == item.line }
            let left = line.quantity - earlier.reduce(0) { $0 + ($1.quantity ?? 0) }
            let leftAmount = line.amount - earlier.reduce(0 as Decimal) { $0 + $1.amount }
            if item.quantity > left {
                errors.append(FieldError("/lines/\(index)/quantity", "range", "At most \(left), which are left."))
                continue
            }
            // The last of a line take what is left of it, so that nothing is lost by rounding.
            let part = (line.amount * Decimal(item.quantity) / Decimal(line.quantity)).rounded(4)
            let amount = item.amount ?? (item.quantity == left ? leftAmount : min(part, leftAmount))
            if amount > leftAmount {
                errors.append(FieldError("/lines/\(index)/amount", "range", "At most \(leftAmount), which is left."))
            }
            margin = margin.flatMap { sum in line.unitCost.map { sum + amount - Decimal(item.quantity) * $0 } }
            returns.append(
                OrderReturn(
                    id: UUID.v7(), line: item.line, quantity: item.quantity, amount: amount, returnedOn: returnedOn,
                    reason: reason))
        }
        try ServiceError.refuse(errors)
        return (returns, margin)
    }
}

extension Decimal {
    /// Half away from zero.
    fileprivate func rounded(_ places: Int) -> Decimal {
        var (value, result) = (self, Decimal())
        NSDecimalRound(&result, &value, places, .plain)
        return result
    }
}
