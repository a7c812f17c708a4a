public import JobQueue
public import Postgres

/// The application's way to PostgreSQL, as `mehvar_app`: always within one tenant.
public struct Database: Sendable {
    private let pool: Pool
    private let signal: EnqueueSignal?
    private let schema = SchemaGate()

    /// - Parameters:
    ///   - pool: connects as `mehvar_app`.
    ///   - signal: tells workers of jobs whose transaction has committed; without it they find them at their next poll.
    public init(pool: Pool, signal: EnqueueSignal? = nil) {
        self.pool = pool
        self.signal = signal
    }

    /// Lends a transaction of the context's tenant. It commits when the closure returns and rolls back when it throws. When
    /// another transaction was in the way (serialization failure, deadlock) the closure is run again from its beginning.
    ///
    /// k dependent statements take k + 1 round trips; for independent ones use ``pipeline(_:_:)``.
    ///
    /// - Parameters:
    ///   - timeout: how long all that may take; by default as the pool is configured.
    ///   - retries: how often the closure may be run again; by default as the pool is configured.
    func withTenant<Result>(
        _ context: TenantContext, timeout: Duration? = nil, retries: Int? = nil,
        _ body: (inout TenantTransaction) async throws -> Result
    ) async throws -> Result {
        try await verifySchema()
        let (result, hasEnqueued) = try await explaining(context) {
            try await pool.withTransaction(prelude: prelude(of: context), timeout: timeout, retries: retries) { base in
                var transaction = TenantTransaction(base: base, context: context)
                do {
                    let result = try await body(&transaction)
                    let hasEnqueued = transaction.hasEnqueued
                    base = transaction.release()
                    return (result, hasEnqueued)
                } catch {
                    base = transaction.release()
                    throw error
                }
            }
        }
        if hasEnqueued { signal?.send() }
        return result
    }

    /// Runs independent statements as one transaction of the context's tenant, in one round trip.
    func pipeline<each Output>(
        _ context: TenantContext, _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        try await verifySchema()
        let outputs = try await explaining(context) {
            try await pool.pipeline(prelude: prelude(of: context), repeat each statement)
        }
        if let signal {
            var hasEnqueued = false
            repeat hasEnqueued = hasEnqueued || Enqueue.isEnqueueing(each statement)
            if hasEnqueued { signal.send() }
        }
        return outputs
    }

    /// The one statement of a tenant in one round trip.
    func run<Output>(_ context: TenantContext, _ statement: Statement<Output>) async throws -> Output {
        try await pipeline(context, statement)
    }

    /// One read that is answered from an index at once, as that of an object by its id. It may travel with others, also of
    /// other tenants, in a transaction of its own.
    func lookUp<Output>(_ context: TenantContext, _ statement: Statement<Output>) async throws -> Output {
        assert(context.idempotent == nil, "a request that is done once is no look-up")
        try await verifySchema()
        return try await pool.lookUp(prelude: [.setTenant(context.tenantID)], statement)
    }

    /// What goes before a transaction's statements: whose it is, and which request it does.
    private func prelude(of context: TenantContext) -> [Statement<Void>] {
        let tenant = Statement<Void>.setTenant(context.tenantID)
        guard let request = context.idempotent, let actor = context.actor.id else { return [tenant] }
        return [tenant, request.begin(context, actor: actor)]
    }

    /// Tells why a request that may be repeated was not done.
    private func explaining<Result>(
        _ context: TenantContext, _ body: () async throws -> Result
    ) async throws -> Result {
        guard let request = context.idempotent, let actor = context.actor.id else { return try await body() }
        return try await request.explaining(body) {
            try await run(context.afterwards(), IdempotentRequest.object(context, actor: actor, request))
        }
    }

    /// Looks a secret up under the tenant that it names. Finding it is the authentication, so there is no context yet.
    func resolve<Output>(in tenant: Tenant.ID, _ statement: Statement<Output>) async throws -> Output {
        try await verifySchema()
        return try await pool.pipeline(prelude: [.setTenant(tenant)], statement)
    }

    /// Asks for what concerns no tenant in particular; no row of one is seen.
    func deploymentWide<Output>(_ statement: Statement<Output>) async throws -> Output {
        try await verifySchema()
        return try await pool.pipeline(statement)
    }

    /// Has PostgreSQL look at tables of which much has just changed, so that what comes next is planned with their real sizes.
    ///
    /// Only a help: where it fails, autovacuum does the same a little later.
    func analyse(_ context: TenantContext, _ tables: [String]) async {
        do { try await run(context.afterwards(), .analyse(tables)) } catch {}
    }

    /// Nothing is done on a schema that was never seen to fit, even if the database was away when the process started.
    private func verifySchema() async throws {
        if !schema.isOpen { try await check() }
    }

    /// Whether the database answers and its schema is the one that this program was built for.
    public func check() async throws {
        do {
            try SchemaVersion.verify(try await pool.pipeline(SchemaVersion.newest))
        } catch let error as PostgresError where error.state == .undefinedTable {
            throw StaleSchemaError(found: 0)
        }
        schema.open()
    }
}

/// A transaction in which the tenant is set. Only ``Database`` makes one.
struct TenantTransaction: ~Copyable {
    private var base: Transaction
    let context: TenantContext
    /// Whether a statement put jobs into the queue.
    private(set) var hasEnqueued = false

    fileprivate init(base: consuming Transaction, context: TenantContext) {
        self.base = base
        self.context = context
    }

    fileprivate consuming func release() -> Transaction { base }

    mutating func run<Output>(_ statement: Statement<Output>) async throws -> Output {
        hasEnqueued = hasEnqueued || Enqueue.isEnqueueing(statement)
        return try await base.run(statement)
    }

    mutating func pipeline<each Output>(
        _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        repeat hasEnqueued = hasEnqueued || Enqueue.isEnqueueing(each statement)
        return try await base.pipeline(repeat each statement)
    }

    mutating func pipeline<Output>(all statements: [Statement<Output>]) async throws -> [Output] {
        hasEnqueued = hasEnqueued || statements.contains(where: Enqueue.isEnqueueing)
        return try await base.pipeline(all: statements)
    }

    mutating func copyIn(
        _ name: StaticString, _ statement: StaticString, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: (inout CopyWriter) async throws -> Void
    ) async throws {
        try await base.copyIn(name, statement, fileID: fileID, line: line, body)
    }
}

extension Statement where Output == Void {
    static func setTenant(_ tenant: Tenant.ID) -> Statement<Void> {
        Statement(effect: "tenant.set", "SELECT crm.set_tenant(\(tenant))")
    }

    static func analyse(_ tables: [String]) -> Statement<Void> {
        Statement(effect: "database.analyse", "SELECT crm.analyse(\(tables))")
    }
}
