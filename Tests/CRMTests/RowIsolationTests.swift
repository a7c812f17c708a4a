import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Two tenants with rows in every table, and the application that tries to reach from one into the other.
@Suite("Row isolation")
struct RowIsolationTests {
    private struct Count: Equatable {
        let table: String
        let rows: Int
        let strangers: Int
    }

    /// Rows of each table of crm that the connection sees, and those of other tenants among them.
    private static func counts(_ tenant: UUID, privilege: String = "SELECT") -> Statement<[Count]> {
        Statement(
            "test.counts",
            """
            SELECT t.name, (xpath('/row/rows/text()', t.counts))[1]::text::bigint,
                (xpath('/row/strangers/text()', t.counts))[1]::text::bigint
            FROM (
                SELECT c.oid::regclass::text AS name, query_to_xml(format('SELECT count(*) AS rows,
                    count(*) FILTER (WHERE tenant_id <> %L) AS strangers FROM %s', \(tenant)::uuid, c.oid::regclass),
                    false, true, '') AS counts
                FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
                    AND NOT c.relispartition
            ) t ORDER BY t.name
            """, all: { row in Count(table: try row.next(), rows: try row.next(), strangers: try row.next()) })
    }

    /// A command for each table of crm that the application may so change.
    private static func commands(_ privilege: String, _ form: String, on server: TestDatabase) async throws -> [String]
    {
        try await server.texts(
            """
            SELECT replace(replace(replace(\(form), 'TABLE', t.name), 'COLUMNS', t.columns), 'FIRST', t.first)
            FROM (
                SELECT c.oid, c.oid::regclass::text AS name, (
                    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname <> 'tenant_id' AND a.attgenerated = ''
                        AND NOT a.attisdropped) AS columns, (
                    SELECT quote_ident(a.attname) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 1 AND a.attgenerated = '' AND NOT a.attisdropped
                    ORDER BY a.attnum LIMIT 1) AS first
                FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p')
            ) t WHERE has_table_privilege('mehvar_app', t.oid, \(privilege)) ORDER BY t.name
            """)
    }

    private static func withTwo(
        _ body: (TestDatabase, _ one: FilledBusiness, _ two: FilledBusiness) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { server in
            let one = try await FilledBusiness(in: server, slug: "one")
            let two = try await FilledBusiness(in: server, slug: "two")
            try await body(server, one, two)
        }
    }

    /// Runs a script as the application; gives the state of the error that it ended in.
    private static func attempt(_ script: String, on server: TestDatabase, user: String = "mehvar_app") async throws
        -> SQLState?
    {
        try await Connection.with(server.configuration(user: user)) { connection in
            do {
                try await connection.execute(script: script, name: "test.attempt")
                return nil
            } catch let error as PostgresError {
                return error.state
            }
        }
    }

    @Test func `The application sees every row of its tenant and none of another's, in every table`() async throws {
        try await Self.withTwo { server, one, _ in
            let tenant = one.business.tenantID
            let all = try await Connection.with(server.configuration()) { try await $0.run(Self.counts(tenant)) }
            let pool = Pool(server.configuration(user: "mehvar_app"))
            let setTenant = Statement(effect: "test.tenant", "SELECT crm.set_tenant(\(tenant))")
            let seen = try await pool.pipeline(prelude: [setTenant], Self.counts(tenant))
            for count in all {
                #expect(
                    count.strangers > 0 && count.rows > count.strangers, "\(count.table) must be filled for this test")
            }
            let own = all.map { Count(table: $0.table, rows: $0.rows - $0.strangers, strangers: 0) }
            #expect(seen == own)
            let tenants = Statement<[UUID]>("test.tenants", "SELECT id FROM platform.tenant", all: { try $0.next() })
            #expect(try await pool.pipeline(prelude: [setTenant], tenants) == [tenant])
        }
    }

    @Test func `Without a tenant every table raises instead of showing nothing`() async throws {
        try await Self.withTwo { server, one, _ in
            let reads = try await Self.commands("SELECT", "SELECT count(*) FROM TABLE", on: server)
            #expect(reads.count > 20)
            for read in reads + ["SELECT count(*) FROM platform.tenant", "SELECT count(*) FROM job.job"] {
                #expect(try await Self.attempt(read, on: server) == .undefinedObject, "\(read)")
                // The setting of an earlier transaction leaves an empty one behind.
                let later = "BEGIN; SELECT crm.set_tenant('\(one.business.tenantID)'); COMMIT; \(read)"
                #expect(try await Self.attempt(later, on: server) == .invalidTextRepresentation, "\(read)")
            }
        }
    }

    @Test func `The application cannot change, remove or make rows of another tenant, in any table`() async throws {
        try await Self.withTwo { server, one, two in
            let mine = one.business.tenantID
            let theirs = two.business.tenantID
            let before = try await server.digests()
            func asOne(_ command: String) -> String { "BEGIN; SELECT crm.set_tenant('\(mine)'); \(command); COMMIT" }

            let updates = try await Self.commands(
                "UPDATE", "UPDATE TABLE SET FIRST = FIRST WHERE tenant_id = '\(theirs)'", on: server)
            let deletes = try await Self.commands(
                "DELETE", "DELETE FROM TABLE WHERE tenant_id = '\(theirs)'", on: server)
            #expect(updates.count > 5 && deletes.count > 1)
            for command in updates + deletes {
                #expect(try await Self.attempt(asOne(command), on: server) == nil, "\(command)")
            }
            let moves = try await Self.commands("UPDATE", "UPDATE TABLE SET tenant_id = '\(theirs)'", on: server)
            let inserts = try await Self.commands(
                "INSERT", "INSERT INTO TABLE (tenant_id, COLUMNS) SELECT '\(theirs)', COLUMNS FROM TABLE", on: server)
            #expect(inserts.count > 15)
            for command in moves + inserts {
                #expect(try await Self.attempt(asOne(command), on: server) == .insufficientPrivilege, "\(command)")
            }
            #expect(differences(before, try await server.digests()) == [])
        }
    }

    @Test func `Of look-ups that share a connection each sees the rows of its own tenant`() async throws {
        try await withMigratedDatabase { server in
            let businesses = [
                try await Business(in: server, slug: "one"), try await Business(in: server, slug: "two"),
            ]
            let customers = [
                try await businesses[0].customer("Ada").id, try await businesses[1].customer("Grace").id,
            ]
            let pool = Pool(server.configuration(user: "mehvar_app", maximumConnections: 1))
            defer { pool.close() }
            let service = CustomerService(database: Database(pool: pool))
            /// Whose customer is looked for on whose behalf, and whether it was found.
            let seen = try await withThrowingTaskGroup { group in
                for number in 0..<80 {
                    let (caller, owner) = (number % 2, number / 2 % 2)
                    group.addTask(executorPreference: PollingExecutor.shared) {
                        do {
                            let found = try await service.find(businesses[caller].context, customers[owner])
                            return [caller, owner, found.id == customers[owner] ? 1 : 2]
                        } catch ServiceError.notFound { return [caller, owner, 0] }
                    }
                }
                return try await group.reduce(into: Set<[Int]>()) { $0.insert($1) }
            }
            #expect(seen == [[0, 0, 1], [1, 1, 1], [0, 1, 0], [1, 0, 0]])
        }
    }

    @Test func `The queue's role cannot read a table of crm, nor set a tenant`() async throws {
        try await Self.withTwo { server, one, _ in
            for read in try await Self.commands("SELECT", "SELECT count(*) FROM TABLE", on: server) {
                #expect(
                    try await Self.attempt(read, on: server, user: "mehvar_queue") == .insufficientPrivilege, "\(read)")
            }
            let setTenant = "SELECT crm.set_tenant('\(one.business.tenantID)')"
            #expect(try await Self.attempt(setTenant, on: server, user: "mehvar_queue") == .insufficientPrivilege)
            #expect(try await Self.attempt("SELECT FROM job.job", on: server, user: "mehvar_queue") == nil)
        }
    }

    @Test func `The platform's role sees tenants and their settings, and nothing that they keep`() async throws {
        try await Self.withTwo { server, _, _ in
            let readable = try await server.texts(
                """
                SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v')
                    AND c.relnamespace IN ('crm'::regnamespace, 'job'::regnamespace)
                    AND has_any_column_privilege('mehvar_platform', c.oid, 'SELECT') ORDER BY 1
                """)
            // Of the jobs it sees those of the deployment itself.
            #expect(readable == ["crm.tenant_setting", "job.job", "job.schedule", "job.tenant"])
            let pool = Pool(server.configuration(user: "mehvar_platform", maximumConnections: 1))
            defer { pool.close() }
            let seen = Statement("test.seen", "SELECT count(*) FROM job.job", one: { try $0.next(Int.self) })
            #expect(try await pool.pipeline(seen) == 0)
            #expect(try await server.number("SELECT count(*) FROM job.job") > 0)
        }
    }
}
