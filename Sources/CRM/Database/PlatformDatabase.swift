public import Postgres

/// Deployment-wide work, as `mehvar_platform`: tenants and nothing of what they keep.
public struct PlatformDatabase: Sendable {
    private let pool: Pool

    /// - Parameter pool: connects as `mehvar_platform`.
    public init(pool: Pool) { self.pool = pool }

    func run<Output>(_ statement: Statement<Output>) async throws -> Output { try await pool.pipeline(statement) }

    /// Runs independent statements as one transaction, in one round trip.
    func pipeline<each Output>(
        _ context: PlatformContext, _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        try await explaining(context) {
            try await pool.pipeline(prelude: prelude(of: context), repeat each statement)
        }
    }

    func withTransaction<Result>(
        _ context: PlatformContext, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        try await explaining(context) { try await pool.withTransaction(prelude: prelude(of: context), body) }
    }

    private func prelude(of context: PlatformContext) -> [Statement<Void>] {
        guard let request = context.idempotent, let actor = context.actor.id else { return [] }
        return [PlatformStatements.begin(request, actor: actor)]
    }

    private func explaining<Result>(
        _ context: PlatformContext, _ body: () async throws -> Result
    ) async throws -> Result {
        guard let request = context.idempotent, let actor = context.actor.id else { return try await body() }
        return try await request.explaining(body) { try await run(PlatformStatements.object(request, actor: actor)) }
    }
}
