import Postgres
import TestSupport
import Testing

@Suite struct TestDatabaseTests {
    @Test func `a database is a copy of its template and is dropped`() async throws {
        let name = try await withDatabase { template in
            try await template.execute("CREATE TABLE marked (n int)")
            return try await withDatabase(template: template.name) { copy in
                try await copy.execute("INSERT INTO marked VALUES (1)")
                return copy.name
            }
        }
        await #expect(throws: PostgresError.self) {
            try await Connection.with(Configuration(url: TestServer.url(database: name))) { _ in }
        }
    }
}
