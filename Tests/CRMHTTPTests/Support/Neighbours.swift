import CRM
import TestSupport

/// Two businesses of one deployment that have everything.
enum Neighbours {
    static func with(
        _ body: @Sendable (TestDatabase, _ own: FilledBusiness, _ other: FilledBusiness) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { server in
            let other = try await FilledBusiness(in: server, slug: "one")
            _ = try await other.business.customer("Dora", reference: "only-theirs")
            let own = try await FilledBusiness(in: server, slug: "two")
            try await body(server, own, other)
        }
    }
}
