import TestSupport
import Testing

@testable import Postgres

/// What runs outside a transaction.
@Suite struct ConnectionTests {
    private static let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
    private static let insert = Statement("test.insert", "INSERT INTO t VALUES (1)")

    private func withTable(_ definition: String, _ body: (TestDatabase) async throws -> Void) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int\(definition))")
            try await body(database)
        }
    }

    @Test func `a deferred constraint that does not hold is the server's error, and the connection goes on`()
        async throws
    {
        try await withTable(" UNIQUE DEFERRABLE INITIALLY DEFERRED") { database in
            try await Connection.with(database.configuration()) { connection in
                _ = try await connection.run(Self.insert)
                do {
                    _ = try await connection.run(Self.insert)
                    Issue.record("the row came in twice")
                } catch let error as PostgresError {
                    #expect(error.reason == .server && error.state == .uniqueViolation)
                    #expect(error.statement == "test.insert" && error.violates("t_n_key"))
                }
                #expect(try await connection.run(Self.count) == 1)
            }
        }
    }

    @Test(arguments: [true, false])
    func `a cancellation that the server does not answer leaves open what became of it`(_ isScript: Bool) async throws {
        try await withTable("") { database in
            try await withFaultyProxy { proxy in
                var configuration = database.configuration()
                configuration.url = proxy.url(configuration.url)
                configuration.grace = .milliseconds(100)
                let task = Task { [configuration] in
                    try await Connection.with(configuration) { connection in
                        proxy.change { $0.frozen = [.toClient] }
                        if isScript {
                            try await connection.execute(script: "INSERT INTO t VALUES (1)", name: "test.script")
                        } else {
                            _ = try await connection.run(Self.insert)
                        }
                    }
                }
                try await eventually { try await database.number("SELECT count(*) FROM t") == 1 }
                task.cancel()
                let error = try await failure { try await task.value }
                #expect(error.reason == .commitUnknown)
            }
        }
    }

    @Test(arguments: [true, false])
    func `a cancellation that the server answers is known to have kept it from committing`(_ isScript: Bool)
        async throws
    {
        try await withTable("") { database in
            let insert: StaticString = "INSERT INTO t SELECT 1 FROM pg_sleep(60)"
            let task = Task {
                try await Connection.with(database.configuration()) { connection in
                    if isScript {
                        try await connection.execute(script: insert.description, name: "test.script")
                    } else {
                        _ = try await connection.run(Statement("test.insert", SQL(stringLiteral: insert)))
                    }
                }
            }
            let sleeps = Statement(
                "test.sleeps",
                """
                SELECT EXISTS (
                    SELECT FROM pg_stat_activity WHERE datname = \(database.name) AND wait_event = 'PgSleep')
                """, one: { try $0.next(Bool.self) })
            try await eventually { try await observe(sleeps) }
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(try await database.number("SELECT count(*) FROM t") == 0)
        }
    }

    @Test func `a script that the server refuses is known to have failed`() async throws {
        try await withTable("") { database in
            let error = try await failure {
                try await Connection.with(database.configuration()) { connection in
                    try await connection.execute(script: "INSERT INTO t VALUES (1); SELECT 1 / 0", name: "test.script")
                }
            }
            #expect(error.reason == .server && error.state == .divisionByZero)
            #expect(try await database.number("SELECT count(*) FROM t") == 0)
        }
    }
}
