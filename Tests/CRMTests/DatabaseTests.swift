import Postgres
import TestSupport
import Testing

@testable import CRM

/// The application's way to PostgreSQL, on the wire.
@Suite("The database")
struct DatabaseTests {
    private static let count = Statement(
        "test.count", "SELECT count(*) FROM crm.customer", one: { try $0.next(Int.self) })

    /// The connection's first round trips look at the schema's version as well.
    @Test func `A tenant's pipeline is one round trip, a transaction one more than its statements`() async throws {
        try await Business.with { business in
            try await business.customer("Ada")
            try await withFaultyProxy { proxy in
                var configuration = business.server.configuration(user: "mehvar_app", maximumConnections: 1)
                configuration.url = proxy.url(configuration.url)
                let pool = Pool(configuration)
                defer { pool.close() }
                let database = Database(pool: pool)
                /// How often the client spoke, and in how many pieces the server was to answer.
                func roundTrips(_ body: () async throws -> Void) async throws -> [Int] {
                    let before = try #require(proxy.conversations.last)
                    try await body()
                    let after = try #require(proxy.conversations.last)
                    #expect(proxy.conversations.count == 1)
                    return [after.turns - before.turns, (after.messages["S"] ?? 0) - (before.messages["S"] ?? 0)]
                }
                #expect(try await database.run(business.context, Self.count) == 1)
                for _ in 0..<2 {
                    let inPipeline = try await roundTrips {
                        let counts: (Int, Int) = try await database.pipeline(business.context, Self.count, Self.count)
                        #expect(counts == (1, 1))
                    }
                    #expect(inPipeline == [1, 1])
                    let inTransaction = try await roundTrips {
                        try await database.withTenant(business.context) { transaction in
                            for _ in 0..<2 { _ = try await transaction.run(Self.count) }
                        }
                    }
                    #expect(inTransaction == [3, 3])
                }
            }
        }
    }
}
