import Postgres
import TestSupport
import Testing

@testable import CRM

@Suite("Attempts to sign in")
struct SignInAttemptTests {
    /// The time of an attempt is that of its transaction's beginning.
    @Test func `Attempts that come in another order than they began are all counted`() async throws {
        try await Business.with { business in
            let tenant = business.context.tenantID
            let count = SessionStatements.countAttempt(tenant, for: "mira@team.example")
            for number in 1...2 {
                let waits = try await business.database.withTenant(business.context) { transaction in
                    _ = try await transaction.run(SessionStatements.wait(tenant, for: "mira@team.example"))
                    let later = try await business.database.run(business.context, count)
                    return [later, try await transaction.run(count)]
                }
                #expect(waits == [0, 0], "the attempts \(2 * number - 1) and \(2 * number)")
            }
            #expect(try await business.database.run(business.context, count) == 15)
            #expect(try await business.database.run(business.context, count) == nil)
        }
    }
}
