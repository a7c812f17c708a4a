import Foundation
import JobQueue
import Postgres

/// Finds customers who may be one.
package struct DuplicateFinder: Sendable {
    /// Customers that are looked at in one transaction, which takes a second or less where there are millions.
    static let batch = 2000
    private static let noted = 500
    /// Batches after which others have their turn.
    private static let batches = 20
    private static let timeout = Duration.seconds(120)

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Looks whom the customers that were noted may be the same as.
    package func findNoted(_ context: TenantContext) async throws {
        let tenant = context.tenantID.rawValue
        for _ in 0..<Self.batches {
            let count = try await database.withTenant(context, timeout: Self.timeout) { transaction in
                let noted = try await transaction.run(FindDuplicates.take(tenant: tenant, atMost: Self.noted))
                guard !noted.isEmpty else { return 0 }
                let customers = Set(noted).sorted().map(Customer.ID.init(rawValue:))
                _ = try await transaction.run(DuplicateStatements.find(among: customers, isWhole: false))
                return noted.count
            }
            if count < Self.noted { return }
        }
    }

    /// Goes on with looking through all customers, in the order of their ids.
    ///
    /// - Returns: whether nothing is left to do.
    package func scan(_ context: TenantContext, _ id: DuplicateRun.ID) async throws -> Bool {
        for _ in 0..<Self.batches {
            let isDone = try await database.withTenant(context, timeout: Self.timeout) { transaction in
                try await transaction.scan(id)
            }
            if isDone {
                await database.analyse(context, ["duplicate"])
                return true
            }
        }
        return false
    }

    /// Notes that an attempt at a run failed, for who asked for it.
    package func fail(_ context: TenantContext, _ id: DuplicateRun.ID, _ error: any Error) async throws {
        let state = (error as? PostgresError)?.state.map { "the database refused: \($0.rawValue)" }
        _ = try await database.run(
            context, DuplicateRunStatements.fail(context.tenantID, id, state ?? "it broke off"))
    }
}

extension TenantTransaction {
    /// - Returns: whether nothing is left to do.
    fileprivate mutating func scan(_ id: DuplicateRun.ID) async throws -> Bool {
        let tenant = context.tenantID
        guard let place = try await run(DuplicateRunStatements.lock(tenant, id)) else { return true }
        let limit = DuplicateFinder.batch
        let customers = try await run(DuplicateStatements.customers(tenant, after: place.lastID, limit: limit))
        var step = DuplicateRunStatements.Step()
        (step.lookedAt, step.lastID) = (customers.count, customers.last?.rawValue)
        if !customers.isEmpty {
            step.found = try await run(DuplicateStatements.find(among: customers, isWhole: true))
        }
        if customers.count < limit {
            // Nobody comes by those who are gone.
            let gone = try await run(DuplicateStatements.gone(tenant))
            if !gone.isEmpty { _ = try await run(DuplicateStatements.find(among: gone, isWhole: false)) }
            step.isLast = true
        }
        _ = try await run(DuplicateRunStatements.advance(tenant, id, by: step))
        return step.isLast
    }
}
