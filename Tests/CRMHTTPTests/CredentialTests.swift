import CRMHTTP
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRM

/// What somebody is told who is not let in, so that a client knows what to do about it.
@Suite("Credentials")
struct CredentialTests {
    private static func expect(
        _ answer: Answer, _ code: String, error: Bool, _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == 401, sourceLocation: location)
        #expect(try answer.text("code") == code, sourceLocation: location)
        let challenge = try #require(answer.headers[.wwwAuthenticate], sourceLocation: location)
        if error {
            #expect(
                challenge.hasPrefix(#"Bearer realm="mehvar", error="invalid_token", error_description=""#),
                sourceLocation: location)
        } else {
            #expect(challenge == #"Bearer realm="mehvar""#, sourceLocation: location)
        }
    }

    @Test func `Nothing, something expired, something unknown and an ended session are told apart`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let session = try #require(
                Session.ID(try await fixture.business.server.texts("SELECT id::text FROM crm.session")[0]))
            let old = try await fixture.access.tokens.issue(
                session, of: member.id, in: fixture.business.context.tenantID, at: Date(timeIntervalSinceNow: -901))
            let api = fixture.with(key: tokens.accessToken)
            for path in ["/v1/customers", "/v1/me"] {
                try Self.expect(try await fixture.with(key: nil).get(path), "unauthenticated", error: false)
                try Self.expect(try await fixture.with(key: old).get(path), "token_expired", error: true)
                try Self.expect(try await fixture.with(key: old + "x").get(path), "invalid_token", error: true)
                try Self.expect(try await fixture.with(key: "mhv_x").get(path), "invalid_token", error: true)
            }
            #expect(try await api.post("/v1/sign-out").status == 204)
            fixture.access.authenticator.forget(nil)
            try Self.expect(try await api.get("/v1/me"), "invalid_token", error: true)
            let visitor = fixture.with(key: nil)
            for token in [tokens.refreshToken, "mhr_x"] {
                let refreshed = try await visitor.post("/v1/sign-in/refresh", #"{"refresh_token": "\#(token)"}"#)
                try Self.expect(refreshed, "invalid_token", error: true)
            }
            let wrong = try await visitor.post(
                "/v1/sign-in", #"{"tenant": "first", "email": "mira@team.example", "password": "wrong horse"}"#)
            try Self.expect(wrong, "wrong_credentials", error: false)
        }
    }

    @Test func `The platform tells a missing key from a wrong one too`() async throws {
        try await HTTPFixture.with { fixture in
            let path = "/platform/v1/tenants"
            try Self.expect(try await fixture.with(key: nil).get(path), "unauthenticated", error: false)
            let unknown = "mhp_" + String(repeating: "0", count: 26)
            for key in [fixture.key, "mhp_x", unknown] {
                try Self.expect(try await fixture.with(key: key).get(path), "invalid_token", error: true)
            }
        }
    }

    @Test func `A member is told of the role, and a key of its scopes`() async throws {
        try await HTTPFixture.with { fixture in
            func detail(_ key: String) async throws -> String? {
                let answer = try await fixture.with(key: key).post("/v1/customers", #"{"name": "Ada"}"#)
                #expect(try answer.status == 403 && answer.text("code") == "forbidden")
                return try answer.text("detail")
            }
            let (_, one) = try await fixture.business.signedIn(as: [.viewer], access: fixture.access)
            #expect(try await detail(one.accessToken) == "Your role viewer lacks the permission customers:write.")
            let (_, two) = try await fixture.business.signedIn(
                as: [.viewer, .analyst], named: "Vida", access: fixture.access)
            #expect(
                try await detail(two.accessToken)
                    == "Your roles viewer, analyst lack the permission customers:write.")
            let key = try await HTTPFixture.makeKey(fixture.business, scopes: [.customersRead])
            #expect(try await detail(key) == "The key lacks the scope customers:write.")
            let (_, agent) = try await fixture.business.signedIn(as: [.agent], named: "Omid", access: fixture.access)
            let invited = try await fixture.with(key: agent.accessToken).post(
                "/v1/members", #"{"name": "A", "email": "a@team.example", "roles": ["viewer"]}"#)
            #expect(try invited.text("detail") == "Your role agent lacks the permission members:write.")
        }
    }

    @Test func `Signing out and rotating a key need no body, whatever it is called`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.api.post("/v1/keys", #"{"name": "shop", "scopes": ["customers:read"]}"#)
            let path = "/v1/keys/\(try #require(try made.text("id")))/rotate"
            #expect(try await fixture.api.post(path).status == 200)
            let form = TestRequest(.post, path, "", type: "application/x-www-form-urlencoded")
            #expect(try await fixture.api.send(form).status == 200)
            let text = TestRequest(.post, path, "overlap", type: "text/plain")
            #expect(try await fixture.api.send(text).status == 415)
            #expect(try await fixture.api.post(path, #"{"overlap_hours": -1}"#).status == 422)
            let (_, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            #expect(try await fixture.with(key: tokens.accessToken).post("/v1/sign-out").status == 204)
        }
    }
}
