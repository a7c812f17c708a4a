import Foundation
import Postgres

/// The record of every customer of a tenant.
public struct CustomerService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `reference_taken`.
    public func create(
        _ context: TenantContext, id: Customer.ID = .make(), _ new: NewCustomer
    ) async throws -> Customer {
        try context.require(.customersWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        do {
            let (_, _, _, customer) = try await database.pipeline(
                context, CustomerStatements.insert(tenant, id, new),
                CustomerStatements.insertContactPoints(tenant, id, new.contactPoints),
                try Event.record(
                    "customer.created", "customer", id.rawValue, from: nil, to: Customer(id, new), by: context,
                    unknown: new.language == nil ? ["language"] : []),
                CustomerStatements.find(tenant, id))
            guard let customer else { throw ServiceError.notFound("customer") }
            return customer
        } catch let error as PostgresError where error.violates("customer_reference_key") {
            throw Self.referenceTaken
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Customer.ID) async throws -> Customer {
        try context.require(.customersRead)
        guard let customer = try await database.lookUp(context, CustomerStatements.find(context.tenantID, id)) else {
            throw ServiceError.notFound("customer")
        }
        return customer
    }

    /// By age, oldest or newest first.
    public func list(
        _ context: TenantContext, _ filter: CustomerFilter, _ page: PageRequest<Customer>
    ) async throws -> Page<Customer> {
        try context.require(.customersRead)
        let customers = try await database.run(context, CustomerStatements.list(context.tenantID, filter, page))
        return page.page(of: customers)
    }

    /// Changes a customer, if it still has the version that the caller saw.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `reference_taken`.
    public func update(
        _ context: TenantContext, _ id: Customer.ID, ifVersion expected: Int?, _ changes: CustomerChanges
    ) async throws -> Customer {
        try context.require(.customersWrite)
        try ServiceError.refuse(changes.faults)
        let tenant = context.tenantID
        do {
            return try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    guard let old = try await transaction.run(CustomerStatements.find(tenant, id)) else {
                        throw ServiceError.notFound("customer")
                    }
                    if let expected, expected != old.version { throw ServiceError.stale }
                    try CustomerRules.check(merged: changes.mergedAttributes(of: old))
                    if ObjectChange(from: old, to: changes.applied(to: old)) == nil { return old }
                    let update = try CustomerStatements.update(tenant, id, old, changes)
                    let (updated, found) =
                        if let points = changes.contactPoints {
                            try await transaction.replacing(points, of: id, update)
                        } else {
                            try await transaction.pipeline(update, CustomerStatements.find(tenant, id))
                        }
                    guard updated == 1, let customer = found else { throw ServiceError.stale }
                    _ = try await transaction.run(
                        try Event.record(
                            "customer.updated", "customer", id.rawValue, from: old, to: customer, by: context))
                    return customer
                }
            }
        } catch let error as PostgresError where error.violates("customer_reference_key") {
            throw Self.referenceTaken
        }
    }

    private static let referenceTaken = ServiceError.conflict(
        code: "reference_taken", detail: "Another customer has this reference.")
}

extension TenantTransaction {
    /// Updates a customer whose contact points are all new.
    fileprivate mutating func replacing(
        _ points: [ContactPoint], of id: Customer.ID, _ update: Statement<Int>
    ) async throws -> (Int, Customer?) {
        let tenant = context.tenantID
        let (updated, _, _, customer) = try await pipeline(
            update, CustomerStatements.deleteContactPoints(tenant, id),
            CustomerStatements.insertContactPoints(tenant, id, points), CustomerStatements.find(tenant, id))
        return (updated, customer)
    }
}
