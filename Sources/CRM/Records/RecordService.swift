import Foundation
import JobQueue
import Postgres

/// The objects of one kind of ``Record``.
public struct RecordService<Values: RecordValues>: Sendable {
    public typealias Object = Record<Values>
    private typealias Statements = RecordStatements<Values>

    private let database: Database

    public init(database: Database) { self.database = database }

    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` such as `name_taken`.
    public func create(
        _ context: TenantContext, id: Object.ID = .make(), _ values: Values
    ) async throws -> Object {
        try context.require(Values.writeScope)
        try ServiceError.refuse(values.faults)
        let tenant = context.tenantID
        let insert = Statements.insert(tenant, id, values)
        let event = try Event.record(
            "\(Values.kind).created", Values.kind, id.rawValue, from: nil, to: Object(id, values), by: context)
        let find = Statements.find(tenant, id)
        let noting = noting(tenant, values.concerned)
        return try await explaining {
            guard let check = values.check(after: nil) else {
                return try await database.pipeline(context, insert, event, noting, find).3.orNotFound(Values.kind)
            }
            return try await database.withTenant(context) { transaction in
                try await check.run(id.rawValue, &transaction)
                return try await transaction.pipeline(insert, event, noting, find).3.orNotFound(Values.kind)
            }
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Object.ID) async throws -> Object {
        try context.require(Values.readScope)
        return try await database.lookUp(context, Statements.find(context.tenantID, id)).orNotFound(Values.kind)
    }

    public func list(
        _ context: TenantContext, _ filter: RecordFilter<Values> = RecordFilter(), _ page: PageRequest<Object>
    ) async throws -> Page<Object> {
        try context.require(Values.readScope)
        return page.page(of: try await database.run(context, Statements.list(context.tenantID, filter, page)))
    }

    /// Changes an object, if it still has the version that the caller saw.
    ///
    /// - Parameter change: gives the new values from the present ones; may be called several times.
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` such as `name_taken`.
    public func update(
        _ context: TenantContext, _ id: Object.ID, ifVersion expected: Int?,
        _ change: @Sendable (Values) throws -> Values
    ) async throws -> Object {
        try context.require(Values.writeScope)
        let tenant = context.tenantID
        return try await explaining {
            try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    let old = try await transaction.run(Statements.find(tenant, id)).orNotFound(Values.kind)
                    if let expected, expected != old.version { throw ServiceError.stale }
                    let values = try change(old.values)
                    try ServiceError.refuse(values.faults.since(old.values.faults))
                    if ObjectChange(from: old, to: Object(id, values)) == nil { return old }
                    if let check = values.check(after: old.values) { try await check.run(id.rawValue, &transaction) }
                    let (updated, found) = try await transaction.pipeline(
                        Statements.update(tenant, old, values), Statements.find(tenant, id))
                    guard updated == 1, let new = found else { throw ServiceError.stale }
                    _ = try await transaction.pipeline(
                        try Event.record(
                            "\(Values.kind).updated", Values.kind, id.rawValue, from: old, to: new, by: context),
                        noting(tenant, old.values.concerned + values.concerned),
                        try Enqueue.statement(
                            tenant: tenant.rawValue,
                            jobs: values.movesCustomers(after: old.values) ? [NewJob(RefreshSegments())] : []))
                    return new
                }
            }
        }
    }

    /// Removes an object that nothing refers to any more; its name is free then.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `in_use`.
    @discardableResult
    public func remove(_ context: TenantContext, _ id: Object.ID) async throws -> Object {
        try context.require(Values.writeScope)
        let tenant = context.tenantID
        return try await ServiceError.changing(ifVersion: nil) {
            try await database.withTenant(context) { transaction in
                if let holding = Values.holdingOff(tenant) { try await transaction.run(holding) }
                // Whoever links something to the object shares its row until the link is there to be found.
                let (found, uses) = try await transaction.pipeline(
                    Statements.lock(tenant, id), Statements.uses(tenant, id))
                let old = try found.orNotFound(Values.kind)
                if !uses.isEmpty {
                    throw ServiceError.conflict(
                        code: "in_use",
                        detail:
                            "There are \(uses.joined(separator: " and ")) that refer to it. Change or remove them first."
                    )
                }
                guard try await transaction.run(Statements.remove(tenant, old)) == 1 else { throw ServiceError.stale }
                _ = try await transaction.pipeline(
                    try Event.record(
                        "\(Values.kind).removed", Values.kind, id.rawValue, from: old, to: nil, by: context),
                    noting(tenant, old.values.concerned))
                return old
            }
        }
    }

    private func noting(_ tenant: Tenant.ID, _ customers: [UUID]) -> Statement<Void> {
        RefreshCustomers.noting(tenant, customers.map(Customer.ID.init(rawValue:)))
    }

    private func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PostgresError {
            guard let key = Values.table.uniqueKey, error.violates(key.constraint) else { throw error }
            throw ServiceError.conflict(code: key.code, detail: "Another \(Values.spoken) has this \(key.member).")
        }
    }
}
