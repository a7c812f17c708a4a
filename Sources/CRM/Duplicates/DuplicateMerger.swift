import Foundation
import Postgres

/// Merges many pairs, each in a transaction of its own, so that nobody waits for all of them.
package struct DuplicateMerger: Sendable {
    /// Pairs after which others have their turn.
    private static let batch = 200

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Goes on with a run. A pair that was decided meanwhile, or of which a customer is gone, is skipped.
    ///
    /// - Returns: whether nothing is left to do.
    package func merge(_ context: TenantContext, _ id: DuplicateRun.ID) async throws -> Bool {
        for _ in 0..<Self.batch where try await mergeNext(context, id) { return true }
        return false
    }

    private func mergeNext(_ context: TenantContext, _ id: DuplicateRun.ID) async throws -> Bool {
        do {
            return try await CustomerService.explaining {
                try await database.withTenant(context) { transaction in
                    try await transaction.goOn(id, isMerging: true)
                }
            }
        } catch let error as ServiceError where error.isOfPair {
            return try await database.withTenant(context) { transaction in
                try await transaction.goOn(id, isMerging: false)
            }
        }
    }
}

extension ServiceError {
    /// Whether it is about a pair as it is, so that trying again cannot help.
    fileprivate var isOfPair: Bool {
        switch self {
        case .conflict, .notFound, .invalid: true
        default: false
        }
    }
}

extension TenantTransaction {
    /// Merges the next pair of a run, or passes over it.
    ///
    /// - Returns: whether there is none.
    fileprivate mutating func goOn(_ id: DuplicateRun.ID, isMerging: Bool) async throws -> Bool {
        let tenant = context.tenantID
        guard let place = try await run(DuplicateRunStatements.lock(tenant, id)) else { return true }
        var step = DuplicateRunStatements.Step()
        if let next = try await next(of: place) {
            if isMerging { try await merge(next.id, survivor: nil) }
            (step.lookedAt, step.merged, step.skipped) = (1, isMerging ? 1 : 0, isMerging ? 0 : 1)
            (step.lastID, step.lastScore) = (next.id.rawValue, next.score)
        } else {
            step.isLast = true
        }
        _ = try await run(DuplicateRunStatements.advance(tenant, id, by: step))
        return step.isLast
    }

    private mutating func next(
        of place: DuplicateRunStatements.Place
    ) async throws -> (id: Duplicate.ID, score: Int?)? {
        guard place.lookedAt < place.total else { return nil }
        if let ids = place.ids { return (ids[place.lookedAt], nil) }
        let last = place.lastID.flatMap { id in
            place.lastScore.map { (score: $0, id: Duplicate.ID(rawValue: id)) }
        }
        let next = try await run(
            DuplicateStatements.likely(
                context.tenantID, place.minimumScore ?? Duplicate.sureScore, after: last, limit: 1))
        return next.first.map { ($0.id, $0.score) }
    }
}
