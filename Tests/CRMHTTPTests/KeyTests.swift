import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Keys over HTTP")
struct KeyTests {
    private static let new = #"{"name": "shop", "scopes": ["customers:read"]}"#

    @Test func `A key's secret is shown when it is made, and never again`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.api.post("/v1/keys", Self.new, headers: [.idempotencyKey: "one"])
            #expect(made.status == 201)
            let (id, secret) = (try #require(try made.text("id")), try #require(try made.text("secret")))
            #expect(try await fixture.with(key: secret).get("/v1/customers").status == 200)
            #expect(try await fixture.with(key: secret).post("/v1/customers", #"{"name": "x"}"#).status == 403)
            let replayed = try await fixture.api.post("/v1/keys", Self.new, headers: [.idempotencyKey: "one"])
            #expect(try replayed.status == 409 && replayed.text("code") == "shown_once")
            for path in ["/v1/keys", "/v1/keys/\(id)", "/v1/audit?filter[object_kind]=key"] {
                let answer = try await fixture.api.get(path)
                #expect(answer.status == 200 && answer.body.contains(id) && !answer.body.contains(secret.suffix(22)))
            }
            let stored = try await fixture.business.server.digests()
            #expect(stored["crm.api_key"] != nil)
            let dump = try await fixture.business.server.texts("SELECT k::text FROM crm.api_key k")
            #expect(!dump.contains { $0.contains(secret.suffix(22)) })
        }
    }

    @Test func `A key makes no key that may do more than it may itself`() async throws {
        try await HTTPFixture.with { fixture in
            let weak = fixture.with(
                key: try await HTTPFixture.makeKey(fixture.business, scopes: [.keysWrite, .customersRead]))
            #expect(try await weak.post("/v1/keys", Self.new).status == 201)
            let beyond = try await weak.post("/v1/keys", #"{"name": "x", "scopes": ["customers:write"]}"#)
            #expect(try beyond.status == 403 && beyond.text("code") == "forbidden")
            let strong = try #require(try await fixture.api.get("/v1/keys?sort=created_at").ids().first)
            // Nor does it get at the secret of one that may.
            #expect(try await weak.post("/v1/keys/\(strong)/rotate", "{}").status == 403)
        }
    }

    @Test func `A rotated key's old secret is good for the overlap, and ends with the next rotation`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.api.post("/v1/keys", Self.new)
            let (id, first) = (try #require(try made.text("id")), try #require(try made.text("secret")))
            func rotate(_ hours: Int) async throws -> String {
                let answer = try await fixture.api.post("/v1/keys/\(id)/rotate", #"{"overlap_hours": \#(hours)}"#)
                #expect(try answer.status == 200 && answer.text("id") == id)
                fixture.access.authenticator.forget(nil)
                return try #require(try answer.text("secret"))
            }
            func status(_ secret: String) async throws -> Int {
                try await fixture.with(key: secret).get("/v1/customers").status
            }
            let second = try await rotate(1)
            #expect(try await [status(first), status(second)] == [200, 200])
            let third = try await rotate(1)
            #expect(try await [status(first), status(second), status(third)] == [401, 200, 200])
            try await fixture.business.server.run("UPDATE crm.api_key SET previous_until = now()")
            fixture.access.authenticator.forget(nil)
            #expect(try await [status(second), status(third)] == [401, 200])
            let fourth = try await rotate(0)
            #expect(try await [status(third), status(fourth)] == [401, 200])
            let fifth = try await rotate(2)
            #expect(try await fixture.api.send(TestRequest(.delete, "/v1/keys/\(id)")).status == 204)
            fixture.access.authenticator.forget(nil)
            #expect(try await [status(fourth), status(fifth)] == [401, 401])
            let ended = try await fixture.api.post("/v1/keys/\(id)/rotate", "{}")
            #expect(try ended.status == 409 && ended.text("code") == "key_ended")
        }
    }

    @Test func `A key tells who made it and until when its old secret is good, and outlives its maker`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.admin], access: fixture.access)
            let made = try await fixture.with(key: tokens.accessToken).post("/v1/keys", Self.new)
            let (id, secret) = (try #require(try made.text("id")), try #require(try made.text("secret")))
            #expect(try await fixture.api.post("/v1/keys/\(id)/rotate").status == 200)
            let list = try await fixture.api.get("/v1/keys")
            #expect(try list.text("data/0/created_by_kind") == "member")
            #expect(try list.text("data/0/created_by") == member.id.description)
            #expect(try list.list("data/0/scopes") == [.string("customers:read")])
            #expect(try list.text("data/0/previous_until") != nil)
            // The fixture's own was made at the command line.
            #expect(try list.text("data/1/created_by_kind") == "cli" && list.value("data/1/created_by") == .null)
            #expect(try await fixture.api.send(TestRequest(.delete, "/v1/members/\(member.id)")).status == 204)
            fixture.access.authenticator.forget(nil)
            #expect(try await fixture.with(key: secret).get("/v1/customers").status == 200)
            #expect(try await fixture.api.get("/v1/keys/\(id)").text("created_by") == member.id.description)
        }
    }

    @Test func `What is wrong with a new key is told at once`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.post(
                "/v1/keys", #"{"name": "", "scopes": ["everything"], "expires_at": "2020-01-01T00:00:00Z"}"#)
            #expect(Set(try answer.errors()).isSuperset(of: ["/name length", "/scopes/0 unknown"]))
            let past = try await fixture.api.post(
                "/v1/keys", #"{"name": "a", "scopes": ["keys:read"], "expires_at": "2020-01-01T00:00:00Z"}"#)
            #expect(try past.errors() == ["/expires_at past"])
        }
    }
}
