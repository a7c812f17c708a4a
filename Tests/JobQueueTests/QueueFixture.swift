import Foundation
import JobQueue
import Logging
import Postgres
import TestSupport

/// A database with the queue in it, two tenants, and a pool for each role.
struct QueueFixture: Sendable {
    let database: TestDatabase
    let app: Pool
    let queue: Pool
    /// Sees all rows.
    let owner: Pool
    let tenant = UUID.v7()
    let otherTenant = UUID.v7()

    fileprivate init(_ database: TestDatabase) {
        self.database = database
        app = Pool(database.configuration(user: "mehvar_app"))
        queue = Pool(database.configuration(user: "mehvar_queue", maximumConnections: 16))
        owner = Pool(database.configuration(user: "mehvar_owner"))
    }

    /// Enqueues in a transaction of the tenant.
    @discardableResult
    func enqueue(_ jobs: [NewJob], tenant: UUID? = nil) async throws -> Int {
        let statements = try Enqueue.statements(tenant: tenant ?? self.tenant, jobs: jobs)
        return try await app.withTransaction(prelude: [setTenant(tenant)]) { transaction in
            try await transaction.pipeline(all: statements).reduce(0, +)
        }
    }

    @discardableResult
    func enqueue(_ job: any Job, tenant: UUID? = nil) async throws -> Int {
        try await enqueue([NewJob(job)], tenant: tenant)
    }

    func setTenant(_ tenant: UUID? = nil) -> Statement<Void> {
        Statement(effect: "test.set_tenant", "SELECT crm.set_tenant(\(tenant ?? self.tenant))")
    }

    /// The single number that a query of the owner gives.
    func number(_ sql: SQL) async throws -> Int {
        try await owner.pipeline(Statement<Int>("test.number", sql, one: { try $0.next() }))
    }

    /// The same of the superuser, who sees what the tests keep in schema public.
    func superuser(_ sql: SQL) async throws -> Int {
        try await Connection.with(database.configuration()) { connection in
            try await connection.run(Statement<Int>("test.number", sql, one: { try $0.next() }))
        }
    }

    /// Backends of this database that wait for another's lock.
    func waitingForLocks() async throws -> Int {
        try await superuser(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """)
    }

    /// Makes one more tenant.
    func addTenant(_ id: UUID, weight: Int16 = 1) async throws {
        try await run(
            "INSERT INTO platform.tenant (id, slug, name) VALUES (\(id), 't' || right(\(id)::text, 12), 'T')")
        try await run("INSERT INTO job.tenant (tenant_id, weight) VALUES (\(id), \(weight))")
    }

    func text(_ sql: SQL) async throws -> String? {
        try await owner.pipeline(Statement<String?>("test.text", sql, optional: { try $0.next() }))
    }

    /// Runs a statement as the owner; gives the rows that it touched.
    @discardableResult
    func run(_ sql: SQL) async throws -> Int {
        try await owner.pipeline(Statement<Int>("test.run", sql))
    }

    /// The numbers of live, done and dead jobs.
    func counts() async throws -> [Int] { [try await liveCount(), try await doneCount(), try await deadCount()] }

    func liveCount() async throws -> Int { try await number("SELECT count(*) FROM job.job") }
    func doneCount() async throws -> Int { try await number("SELECT count(*) FROM job.done") }
    func deadCount() async throws -> Int { try await number("SELECT count(*) FROM job.dead") }
}

/// Lends a queue of its own.
func withQueue<Result>(_ body: (QueueFixture) async throws -> Result) async throws -> Result {
    try await withMigratedDatabase { try await withQueue(in: $0, body) }
}

/// Lends a queue in a database that has the schema.
func withQueue<Result>(
    in database: TestDatabase, _ body: (QueueFixture) async throws -> Result
) async throws -> Result {
    let fixture = QueueFixture(database)
    defer { fixture.close() }
    for id in [fixture.tenant, fixture.otherTenant] { try await fixture.addTenant(id) }
    return try await body(fixture)
}

extension QueueFixture {
    fileprivate func close() {
        for pool in [app, queue, owner] { pool.close() }
    }
}
