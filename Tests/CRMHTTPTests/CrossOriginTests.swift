import CRM
import Foundation
import HTTPTypes
import TestSupport
import Testing

/// What a browser is told when a page of another origin calls.
@Suite("Cross-origin requests")
struct CrossOriginTests {
    private let origin = "https://app.bazaar.example"

    private func preflight(_ api: TestAPI, from origin: String) async throws -> Answer {
        try await api.send(
            TestRequest(
                .options, "/v1/customers",
                headers: [
                    .origin: origin, .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "authorization",
                ]))
    }

    private func allow(_ fixture: HTTPFixture) async throws {
        let answer = try await fixture.api.patch("/v1/settings", #"{"allowed_origins": ["\#(origin)"]}"#)
        #expect(answer.status == 200)
    }

    @Test func `A browser that asks is allowed for the origins of any business, without a key`() async throws {
        try await HTTPFixture.with { fixture in
            try await allow(fixture)
            let answer = try await preflight(fixture.with(key: nil), from: origin)
            #expect(answer.status == 204)
            #expect(answer.headers[.accessControlAllowOrigin] == origin)
            #expect(answer.headers[.accessControlAllowMethods]?.contains("PATCH") == true)
            #expect(answer.headers[.accessControlAllowHeaders]?.contains("Idempotency-Key") == true)
            #expect(answer.headers[.vary] == "Origin")
            for other in ["https://evil.example", "null", "https://app.bazaar.example.evil.example"] {
                let refused = try await preflight(fixture.with(key: nil), from: other)
                #expect(refused.headers[.accessControlAllowOrigin] == nil, "\(other)")
            }
        }
    }

    @Test func `The answer is for the pages of the business whose key it carries`() async throws {
        try await HTTPFixture.with { fixture in
            try await allow(fixture)
            // The key's terms are known for five seconds.
            let own = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            let seen = try await own.get("/v1/customers", headers: [.origin: origin])
            #expect(seen.headers[.accessControlAllowOrigin] == origin)
            #expect(seen.headers[.accessControlExposeHeaders]?.contains("ETag") == true)
            #expect(seen.headers[.vary]?.contains("Origin") == true)
            let stranger = try await Business(in: fixture.business.server, slug: "stranger")
            let theirs = fixture.with(key: try await HTTPFixture.makeKey(stranger))
            let hidden = try await theirs.get("/v1/customers", headers: [.origin: origin])
            #expect(hidden.status == 200)
            #expect(hidden.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test func `A page is shown that its key is none, and why a request was refused`() async throws {
        try await HTTPFixture.with { fixture in
            try await allow(fixture)
            let unknown = try await fixture.with(key: "mhv_nothing").get("/v1/customers", headers: [.origin: origin])
            #expect(unknown.status == 401)
            #expect(unknown.headers[.accessControlAllowOrigin] == origin)
            let own = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            let refused = try await own.get("/v1/customers?limit=0", headers: [.origin: origin])
            #expect(refused.status == 400 && refused.headers[.accessControlAllowOrigin] == origin)
        }
    }
}
