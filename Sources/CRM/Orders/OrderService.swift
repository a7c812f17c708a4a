import Foundation
import Postgres

/// What customers bought.
public struct OrderService: Sendable {
    static let firstOrder = "first order"

    private let database: Database

    public init(database: Database) { self.database = database }

    /// Adds an order; the customer's first makes the customer an actual one.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for a customer or a product that is not there;
    ///   ``ServiceError/conflict(code:detail:)`` `reference_taken`.
    public func create(
        _ context: TenantContext, id: Order.ID = .make(), _ new: OrderValues
    ) async throws -> Order {
        try context.require(.ordersWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await explaining {
            try await database.withTenant(context) { transaction in
                let (values, customer) = try await transaction.complete(new, after: nil)
                if let customer, customer.values.stage == .potential { try await transaction.promote(customer) }
                let find = OrderStatements.find(tenant, id)
                let (_, _, order) = try await transaction.pipeline(
                    OrderStatements.insert(tenant, id, values),
                    OrderStatements.insertLines(tenant, id, values.lines), find)
                let made = try order.orNotFound(Order.kind)
                _ = try await transaction.pipeline(
                    try Event.record("order.created", Order.kind, id.rawValue, from: nil, to: made, by: context),
                    RefreshCustomers.noting(tenant, [values.customerID]))
                return made
            }
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Order.ID) async throws -> Order {
        try context.require(.ordersRead)
        return try await database.lookUp(context, OrderStatements.find(context.tenantID, id)).orNotFound(Order.kind)
    }

    /// Newest first.
    public func list(
        _ context: TenantContext, _ filter: OrderFilter, _ page: PageRequest<Order>
    ) async throws -> Page<Order> {
        try context.require(.ordersRead)
        return page.page(of: try await database.run(context, OrderStatements.list(context.tenantID, filter, page)))
    }

    /// Changes an order, if it still has the version that the caller saw.
    ///
    /// - Parameter change: gives the new values from the present ones; may be called several times.
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `reference_taken`, and `has_returns` for other lines or another amount than
    ///   those that something came back of.
    public func update(
        _ context: TenantContext, _ id: Order.ID, ifVersion expected: Int?,
        _ change: @Sendable (OrderValues) throws -> OrderValues
    ) async throws -> Order {
        try context.require(.ordersWrite)
        let tenant = context.tenantID
        return try await explaining {
            try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    let old = try await transaction.run(OrderStatements.find(tenant, id)).orNotFound(Order.kind)
                    if let expected, expected != old.version { throw ServiceError.stale }
                    let changed = try change(old.values)
                    try ServiceError.refuse(changed.faults.since(old.values.faults))
                    let (values, customer) = try await transaction.complete(changed, after: old.values)
                    if ObjectChange(from: old, to: old.with(values)) == nil { return old }
                    if !old.returns.isEmpty, !values.sells(sameAs: old.values) { throw Self.hasReturns }
                    if let customer, customer.values.stage == .potential { try await transaction.promote(customer) }
                    guard try await transaction.run(OrderStatements.update(tenant, old, values)) == 1 else {
                        throw ServiceError.stale
                    }
                    if values.lines != old.values.lines {
                        _ = try await transaction.pipeline(
                            OrderStatements.deleteLines(tenant, id),
                            OrderStatements.insertLines(tenant, id, values.lines))
                    }
                    let new = try await transaction.run(OrderStatements.find(tenant, id)).orNotFound(Order.kind)
                    _ = try await transaction.pipeline(
                        try Event.record("order.updated", Order.kind, id.rawValue, from: old, to: new, by: context),
                        RefreshCustomers.noting(tenant, [old.values.customerID, values.customerID]))
                    return new
                }
            }
        }
    }

    /// Notes what came back of an order.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/invalid(_:)``, also for more than is left.
    public func addReturn(
        _ context: TenantContext, _ id: Order.ID, _ new: NewOrderReturn
    ) async throws -> Order {
        try context.require(.ordersWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let old = try await transaction.pipeline(
                OrderStatements.lock(tenant, id), OrderStatements.find(tenant, id)
            ).1.orNotFound(Order.kind)
            let (returns, margin) = try new.returns(of: old)
            let amount = returns.reduce(0 as Decimal) { $0 + $1.amount }
            let (_, _, found) = try await transaction.pipeline(
                OrderStatements.insertReturns(tenant, id, returns),
                OrderStatements.reduce(tenant, id, by: amount, margin: margin), OrderStatements.find(tenant, id))
            let order = try found.orNotFound(Order.kind)
            _ = try await transaction.pipeline(
                try Event.record("order.returned", Order.kind, id.rawValue, from: old, to: order, by: context),
                RefreshCustomers.noting(tenant, [order.values.customerID]))
            return order
        }
    }

    /// Removes an order that was a mistake; its reference is free then. What was bought and came back is a return.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    @discardableResult
    public func remove(_ context: TenantContext, _ id: Order.ID) async throws -> Order {
        try context.require(.ordersWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let old = try await transaction.pipeline(
                OrderStatements.lock(tenant, id), OrderStatements.find(tenant, id)
            ).1.orNotFound(Order.kind)
            _ = try await transaction.pipeline(
                OrderStatements.remove(tenant, id),
                try Event.record("order.removed", Order.kind, id.rawValue, from: old, to: nil, by: context),
                RefreshCustomers.noting(tenant, [old.values.customerID]))
            return old
        }
    }

    private static let hasReturns = ServiceError.conflict(
        code: "has_returns", detail: "Something came back of this order; its lines, amount and currency stay.")

    private func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PostgresError
            where error.violates("customer_order_reference_key")
        {
            throw ServiceError.conflict(code: "reference_taken", detail: "Another order has this reference.")
        }
    }
}

extension Order {
    fileprivate func with(_ values: OrderValues) -> Order {
        Order(
            id: id, values: values, returns: returns, returnedAmount: returnedAmount, marginAmount: marginAmount,
            version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension OrderValues {
    fileprivate func sells(sameAs other: OrderValues) -> Bool {
        lines == other.lines && amount == other.amount && currency == other.currency
    }
}

extension TenantTransaction {
    /// The values with what the products and the tenant's settings say; and the customer, where it is another one than before,
    /// who stays as it is until the transaction ends.
    fileprivate mutating func complete(
        _ values: OrderValues, after old: OrderValues?
    ) async throws -> (OrderValues, Customer?) {
        let tenant = context.tenantID
        let links = [
            ObjectLink(.member, "/member_id", from: old?.memberID?.rawValue, to: values.memberID?.rawValue),
            ObjectLink(
                .department, "/department_id", from: old?.departmentID?.rawValue, to: values.departmentID?.rawValue),
            ObjectLink(
                .touchpoint, "/touchpoint_id", from: old?.touchpointID?.rawValue, to: values.touchpointID?.rawValue),
        ].compactMap(\.self)
        if !links.isEmpty { try await require(links) }
        let (settings, products) = try await pipeline(
            TenantStatements.settings(tenant),
            OrderStatements.products(tenant, values.lines.compactMap(\.productID)))
        let completed = try values.completed(
            currency: settings.currency, Dictionary(uniqueKeysWithValues: products.map { ($0.id, $0.product) }),
            after: old)
        if values.customerID == old?.customerID { return (completed, nil) }
        guard
            let customer = try await run(CustomerStatements.hold(tenant, values.customerID))
        else { throw ServiceError.invalid("/customer_id", "not_found", "There is no such customer.") }
        return (completed, customer)
    }

    /// Makes a potential customer an actual one.
    fileprivate mutating func promote(_ customer: Customer) async throws {
        var values = customer.values
        (values.stage, values.stageReason) = (.actual, OrderService.firstOrder)
        _ = try await pipeline(
            OrderStatements.promote(context.tenantID, customer.id),
            StageChangeStatements.insert(customer.id, from: .potential, to: values, by: context),
            try Event.record(
                "customer.updated", Customer.kind, customer.id.rawValue, from: customer, to: customer.with(values),
                by: context))
    }
}
