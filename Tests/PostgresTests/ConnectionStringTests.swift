import Glibc
import TestSupport
import Testing

@testable import Postgres

/// What is read from a connection string before libpq connects.
@Suite struct ConnectionStringTests {
    private func attempts(_ string: String) throws -> [[String: String]] {
        try ConnectionString(string).attempts.map { Dictionary($0.parameters) { $1 } }
    }

    @Test(arguments: ["postgresql://one:1,two:2/x?", "host=one,two port=1,2 "])
    func `hosts are tried in their order, each with its port`(_ string: String) throws {
        #expect(try attempts(string) == [["host": "one", "port": "1"], ["host": "two", "port": "2"]])
    }

    @Test func `one host, or one port for all, is left to libpq`() throws {
        for string in ["", "mehvar", "postgresql:///x", "host=one port=1"] { #expect(try attempts(string) == [[:]]) }
        #expect(try attempts("host=one,two port=5") == [["host": "one"], ["host": "two"]])
        #expect(
            try attempts("host=one,two hostaddr=::1,::2") == [
                ["host": "one", "hostaddr": "::1"], ["host": "two", "hostaddr": "::2"],
            ])
    }

    @Test func `a standby is looked for at every host before any other is taken`() throws {
        let attempts = try attempts("host=one,two target_session_attrs=prefer-standby")
        #expect(attempts.map { $0["host"] } == ["one", "two", "one", "two"])
        #expect(attempts.map { $0["target_session_attrs"] } == ["standby", "standby", "any", "any"])
    }

    @Test func `balanced hosts are all tried`() throws {
        // Only libpq 16 and later know the word.
        let string = "host=one,two,three load_balance_hosts=random"
        do {
            #expect(try Set(attempts(string).map { $0["host"] }) == ["one", "two", "three"])
        } catch let error as PostgresError {
            #expect(error.reason == .connection("the connection string cannot be read"))
        }
    }

    @Test(arguments: [
        "host=one,two port=1,2,3", "host=one,two hostaddr=::1,::2,::3", "postgresql://one:1,two:2/x?port=3,4,5",
    ])
    func `other numbers of hosts and ports are refused`(_ string: String) {
        #expect(throws: PostgresError.self) { try attempts(string) }
    }

    @Test(.ownProcess) func `what the string leaves out comes from the environment`() async {
        await #expect(processExitsWith: .success) {
            try await withDatabase { database in
                for (name, value) in [
                    ("PGHOST", "/tmp/no/such/folder,\(TestServer.host)"), ("PGDATABASE", database.name),
                    ("PGUSER", "postgres"), ("PGAPPNAME", "environment"), ("PGOPTIONS", "-c work_mem=77MB"),
                ] { setenv(name, value, 1) }
                let found = Statement(
                    "test.found", "SELECT current_database()::text, current_user::text, current_setting('work_mem')",
                    all: { row in try (0..<3).map { _ in try row.next(String.self) } })
                for url in ["postgresql://", "application_name=x"] {
                    let values = try await withPool(Configuration(url: url)) { try await $0.pipeline(found) }
                    #expect(values == [[database.name, "postgres", "77MB"]])
                }
            }
        }
    }
}
