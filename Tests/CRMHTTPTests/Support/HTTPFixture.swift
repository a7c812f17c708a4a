import CRM
import HTTPTypes
import TestSupport

/// A tenant with a key that may do everything, and the interface in front of it.
struct HTTPFixture: Sendable {
    let business: Business
    let api: TestAPI
    let key: String
    let access: AccessControl

    static func with(
        isLive: Bool = false, uploadLimit: Int = 1 << 20, _ body: @Sendable (HTTPFixture) async throws -> Void
    ) async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let key = try await makeKey(business)
            let access = try await business.access()
            try await TestAPI.with(server, key: key, access: access, isLive: isLive, uploadLimit: uploadLimit) { api in
                try await body(HTTPFixture(business: business, api: api, key: key, access: access))
            }
        }
    }

    static func makeKey(_ business: Business, scopes: Set<Scope> = Set(Scope.allCases)) async throws -> String {
        try await APIKeyService(database: business.database).create(business.context, name: "key", scopes: scopes)
            .secret
    }

    /// The interface with another key.
    func with(key: String?) -> TestAPI {
        var api = api
        api.key = key
        return api
    }
}
