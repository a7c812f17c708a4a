import TestSupport
import Testing

@testable import Postgres

@Suite struct PostgresErrorTests {
    private func report(_ state: String, constraint: String? = nil) -> ServerReport {
        ServerReport(
            severity: "ERROR", state: SQLState(rawValue: state), message: "secret", detail: "secret", hint: "secret",
            constraint: constraint)
    }

    @Test func `a description names code, statement and constraint and never the server's wording`() {
        let error = PostgresError(
            .server, report: report("23505", constraint: "customers_pkey"), statement: "customer.add")
        #expect(error.description == "server error 23505 in customer.add (constraint customers_pkey)")
        var dumped = ""
        dump([error], to: &dumped)
        for text in ["\(error)", String(reflecting: error), String(describing: error.report), "\([error])", dumped] {
            #expect(!text.contains("secret"))
        }
    }

    @Test func `every field of the server's report is there`() async throws {
        let raised = try await refusal(
            """
            DO $$ BEGIN RAISE EXCEPTION 'm' USING DETAIL = 'd', HINT = 'h', ERRCODE = 'ZZ001', SCHEMA = 's', TABLE = 't',
                COLUMN = 'c', DATATYPE = 'y', CONSTRAINT = 'n'; END $$
            """)
        #expect(raised.severity == "ERROR" && raised.state.rawValue == "ZZ001")
        #expect([raised.message, raised.detail, raised.hint] == ["m", "d", "h"])
        #expect(
            [raised.schema, raised.table, raised.column, raised.dataType, raised.constraint] == [
                "s", "t", "c", "y", "n",
            ])
        #expect(raised.context?.hasPrefix("PL/pgSQL function inline_code_block") == true)
        #expect(raised.sourceFile?.hasSuffix(".c") == true && raised.sourceLine ?? 0 > 0)
        #expect(raised.sourceFunction == "exec_stmt_raise")
        #expect(raised.position == nil && raised.internalPosition == nil && raised.internalQuery == nil)

        let (outer, inner) = (
            try await refusal("SELECT nothing"), try await refusal("DO $$ BEGIN EXECUTE 'SELECT nothing'; END $$")
        )
        #expect(outer.position == 8 && outer.internalPosition == nil)
        #expect(inner.position == nil && inner.internalPosition == 8 && inner.internalQuery == "SELECT nothing")
    }

    private func refusal(_ script: String) async throws -> ServerReport {
        let error = try await failure {
            try await withPool { pool in
                try await pool.withTransaction { try await $0.execute(script: script, name: "test.refused") }
            }
        }
        return try #require(error.report)
    }

    @Test func `a violated value of the database never stands in a description`() async throws {
        let error = try await failure {
            try await withPool { try await $0.pipeline(Statement("test.cast", "SELECT \("secret")::text::int")) }
        }
        #expect(error.state == .invalidTextRepresentation)
        #expect(error.report?.message.contains("secret") == true)
        #expect(!String(reflecting: error).contains("secret"))
        #expect(error.statement == "test.cast")
    }

    @Test(arguments: [
        "postgresql://user:pa%zzsecret@host/db", "host=/tmp password=my secret", "postgresql://user:secret@[::1/db",
        "postgresql://user:secret@host:port:5/db", "postgresql:///db?secret",
    ])
    func `an unreadable connection string is not quoted`(_ url: String) async throws {
        let error = try await failure { try await Session.open(Configuration(url: url), timeouts: true) }
        guard case .connection = error.reason else { throw error }
        #expect(!String(reflecting: error).contains("secret"))
    }

    @Test func `a refused password is not quoted`() async throws {
        let url = TestServer.url + (TestServer.url.contains("?") ? "&" : "?") + "password=secret"
        let error = try await failure {
            try await Session.open(Configuration(url: url, user: "nobody"), timeouts: true)
        }
        // A pooler, which knows its roles itself, has one SQLSTATE for all that it refuses, and names none of them.
        #expect(error.state == (TestServer.isPooled ? .protocolViolation : .invalidAuthorizationSpecification))
        #expect(!error.isUnavailable)
        #expect(error.description.contains("nobody") || TestServer.isPooled)
        #expect(!String(reflecting: error).contains("secret"))
    }

    @Test func `a constraint's name matches with a shard's number and not with another ending`() {
        let error = PostgresError(.server, report: report("23505", constraint: "customers_pkey_102008"))
        #expect(error.violates("customers_pkey"))
        #expect(!error.violates("customers"))
        #expect(!PostgresError(.deadline).violates(""))
    }

    @Test func `only what is known to have been rolled back is repeatable`() {
        for state in ["40001", "40P01"] {
            #expect(PostgresError(.server, report: report(state)).isRepeatable)
            for reason in [PostgresError.Reason.commitUnknown, .deadline, .cancelled, .connection("")] {
                #expect(!PostgresError(reason, report: report(state)).isRepeatable)
            }
        }
        #expect(!PostgresError(.server, report: report("40003")).isRepeatable)
    }

    @Test func `only what may pass by itself counts as unavailable`() {
        #expect(PostgresError(.server, report: report("57P01")).isUnavailable)
        #expect(PostgresError(.server, report: report("53300")).isUnavailable)
        #expect(PostgresError(.poolExhausted).isUnavailable)
        #expect(!PostgresError(.server, report: report("57014")).isUnavailable)
        #expect(!PostgresError(.server, report: report("23505")).isUnavailable)
        #expect(!PostgresError(.commitUnknown).isUnavailable)
    }
}
