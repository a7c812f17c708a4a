import Foundation
import Postgres

/// Merges many pairs, or undoes many merges, each in a transaction of its own, so that nobody waits for all of them.
package struct DuplicateMerger: Sendable {
    /// Pairs, or merges, after which others have their turn.
    private static let batch = 200

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Goes on with a run. A pair that was decided meanwhile, or of which a customer is gone, is skipped, and so is a merge that cannot be
    /// undone any more.
    ///
    /// - Parameter skipping: at the last attempt, told of what fails, which is then skipped, too, so that the others have their turn.
    /// - Returns: whether nothing is left to do.
    package func goOn(_ context: TenantContext, _ id: DuplicateRun.ID, skipping: ((any Error) -> Void)?) async throws
        -> Bool
    {
        for _ in 0..<Self.batch where try await takeStep(context, id, skipping) { return true }
        return false
    }

    private func takeStep(
        _ context: TenantContext, _ id: DuplicateRun.ID, _ skipping: ((any Error) -> Void)?
    ) async throws -> Bool {
        let lock = DuplicateRunStatements.lock(context.tenantID, id)
        var tried: DuplicateRunStatements.Place?
        do {
            return try await CustomerService.explaining {
                try await database.withTenant(context) { transaction in
                    tried = try await transaction.run(lock)
                    guard let place = tried else { return true }
                    return try await transaction.goOn(id, at: place, isTrying: true)
                }
            }
        } catch let error where !(error is CancellationError) && (skipping != nil || error.isLasting) {
            if !error.isLasting { skipping?(error) }
            return try await database.withTenant(context) { transaction in
                guard let place = try await transaction.run(lock) else { return true }
                // Whoever goes on with it, too, since this worker was thought to be gone, has passed over it: the next one is to be tried.
                guard place.lookedAt == tried?.lookedAt else { return false }
                return try await transaction.goOn(id, at: place, isTrying: false)
            }
        }
    }
}

extension Error {
    /// Whether it is about a pair, or a merge, as it is, so that trying again cannot help.
    fileprivate var isLasting: Bool {
        switch self as? ServiceError {
        case .conflict, .notFound, .invalid: true
        default: false
        }
    }
}

extension TenantTransaction {
    /// Merges the next pair of a run, or undoes its next merge.
    ///
    /// - Parameter isTrying: whether it is done and not passed over.
    /// - Returns: whether there is none.
    fileprivate mutating func goOn(
        _ id: DuplicateRun.ID, at place: DuplicateRunStatements.Place, isTrying: Bool
    ) async throws -> Bool {
        var step: DuplicateRunStatements.Step
        if let run = place.undoneRunID {
            step = try await undoNext(of: run, before: place.lastID.map(Merge.ID.init(rawValue:)), isTrying: isTrying)
        } else {
            step = try await mergeNext(of: place, in: id, isTrying: isTrying)
        }
        step.isLast = step.lastID == nil
        if !step.isLast { (step.lookedAt, step.skipped) = (1, isTrying ? 0 : 1) }
        _ = try await run(DuplicateRunStatements.advance(context.tenantID, id, by: step))
        return step.isLast
    }

    private mutating func mergeNext(
        of place: DuplicateRunStatements.Place, in run: DuplicateRun.ID, isTrying: Bool
    ) async throws -> DuplicateRunStatements.Step {
        var step = DuplicateRunStatements.Step()
        guard let next = try await next(of: place) else { return step }
        if isTrying { try await merge(next.id, survivor: nil, run: run) }
        (step.merged, step.lastID, step.lastScore) = (isTrying ? 1 : 0, next.id.rawValue, next.score)
        return step
    }

    private mutating func undoNext(
        of run: DuplicateRun.ID, before last: Merge.ID?, isTrying: Bool
    ) async throws -> DuplicateRunStatements.Step {
        var step = DuplicateRunStatements.Step()
        guard let next = try await self.run(MergeStatements.newest(context.tenantID, of: run, before: last)) else {
            return step
        }
        if isTrying { try await undo(next, of: run) }
        (step.undone, step.lastID) = (isTrying ? 1 : 0, next.rawValue)
        return step
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
