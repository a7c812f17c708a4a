import Foundation
public import Postgres

/// Scores by scope and period.
public struct ScoreService: Sendable {
    let database: Database

    public init(database: Database) { self.database = database }

    /// The scores of every key of a scope, or of one, over whole days of the tenant; `nil` leaves an end open.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` for a period that ends before it begins.
    public func scores(
        _ context: TenantContext, _ metric: Metric, _ scope: Score.Scope, key: String? = nil, from: LocalDate? = nil,
        to: LocalDate? = nil
    ) async throws -> [Score] {
        try context.require(.scoresRead)
        if let from, let to, to < from { throw ServiceError.invalid("/to", "range", "Not before from.") }
        let (settings, tallies) = try await database.pipeline(
            context, TenantStatements.settings(context.tenantID),
            ScoreStatements.tallies(context.tenantID, metric, scope, key: key, from: from, to: to))
        return tallies.map { row in
            Score(
                metric: metric, scope: scope, scopeKey: row.key, tally: row.tally,
                minimumAnswers: settings.minimumAnswers)
        }
    }

    /// Recomputes one day from its responses; doing it again changes nothing.
    package func recompute(_ context: TenantContext, _ day: LocalDate) async throws {
        try await database.withTenant(context) { transaction in
            let settings = try await transaction.run(TenantStatements.settings(context.tenantID))
            try await transaction.run(ScoreStatements.recompute(context.tenantID, day, zone: settings.timeZone))
        }
    }
}
