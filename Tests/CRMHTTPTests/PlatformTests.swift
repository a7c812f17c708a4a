import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Platform API")
struct PlatformTests {
    private static func with(
        scopes: [PlatformScope] = PlatformScope.allCases, _ body: @Sendable (HTTPFixture, TestAPI) async throws -> Void
    ) async throws {
        try await HTTPFixture.with { fixture in
            let keys = PlatformKeyService(database: fixture.business.server.platform)
            let (_, secret) = try await keys.create(.cli, name: "ops", scopes: scopes, expiresAt: nil)
            try await body(fixture, fixture.with(key: secret))
        }
    }

    private static func path(_ fixture: HTTPFixture, _ action: String = "") -> String {
        "/platform/v1/tenants/\(fixture.business.context.tenantID)\(action)"
    }

    @Test func `A tenant is created once under its Idempotency-Key, and its owner is invited`() async throws {
        try await Self.with { fixture, platform in
            let body = #"{"slug": "bazaar", "name": "Bazaar", "sender_address": "a@bazaar.example"}"#
            let made = try await platform.post("/platform/v1/tenants", body, headers: [.idempotencyKey: "k"])
            #expect(made.status == 201)
            let again = try await platform.post("/platform/v1/tenants", body, headers: [.idempotencyKey: "k"])
            #expect(try again.status == 201 && again.text("id") == made.text("id"))
            #expect(again.headers[.idempotencyReplayed] == "true")
            let other = try await platform.post(
                "/platform/v1/tenants", body.replacing("bazaar", with: "bazar"), headers: [.idempotencyKey: "k"])
            #expect(try other.status == 422 && other.text("code") == "idempotency_key_reused")
            let taken = try await platform.post("/platform/v1/tenants", body)
            #expect(try taken.status == 409 && taken.text("code") == "slug_taken")
            let id = try #require(try made.text("id"))
            let owner = #"{"name": "Sara", "email": "sara@bazaar.example"}"#
            for _ in 0..<2 {
                let invited = try await platform.post(
                    "/platform/v1/tenants/\(id)/owners", owner, headers: [.idempotencyKey: "o"])
                #expect(try invited.status == 201 && invited.text("email") == "sara@bazaar.example")
                #expect(try invited.list("roles") == [.string("owner")])
            }
            let members = try await fixture.business.server.texts(
                "SELECT email || array_to_string(roles, ',') FROM crm.member WHERE tenant_id = \(UUID(uuidString: id))")
            #expect(members == ["sara@bazaar.exampleowner"])
            #expect(try await platform.get("/platform/v1/tenants").list("data").count == 2)
        }
    }

    @Test func `The working week goes by the calendar unless it is said, and only what is wrong is told`() async throws
    {
        try await Self.with { fixture, platform in
            let weeks: [(String, String)] = [
                ("", "saturday,sunday,monday,tuesday,wednesday"),
                (#", "calendar": "gregorian""#, "monday,tuesday,wednesday,thursday,friday"),
                (#", "calendar": "gregorian", "working_days": ["sunday", "monday"]"#, "sunday,monday"),
            ]
            for (number, (more, week)) in weeks.enumerated() {
                let body = #"{"slug": "s\#(number)", "name": "S", "sender_address": "a@s.example"\#(more)}"#
                let id = try #require(try await platform.post("/platform/v1/tenants", body).text("id"))
                let days = try await fixture.business.server.texts(
                    "SELECT array_to_string(working_days, ',') FROM crm.tenant_setting WHERE tenant_id = \(UUID(uuidString: id))"
                )
                let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
                #expect(days[0].split(separator: ",").map { names[(Int($0) ?? 1) - 1] }.joined(separator: ",") == week)
            }
            let bad = try await platform.post("/platform/v1/tenants", #"{"working_days": ["monday", "monday"]}"#)
            #expect(
                try bad.errors().sorted() == [
                    "/name required", "/sender_address required", "/slug required", "/working_days duplicate",
                ])
        }
    }

    @Test func `A suspended tenant is refused everywhere and its jobs are held, until it is resumed`() async throws {
        try await Self.with { fixture, platform in
            let business = fixture.business
            let (_, tokens) = try await business.signedIn(as: [.owner], access: fixture.access)
            let survey = try #require(try await business.tokens(sentTo: try await business.customers(1)).first)
            let suspended = try await platform.post(Self.path(fixture, "/suspend"))
            #expect(try suspended.status == 200 && suspended.text("state") == "suspended")
            #expect(try await platform.post(Self.path(fixture, "/suspend")).status == 200)
            fixture.access.authenticator.forget(nil)
            let visitor = fixture.with(key: nil)
            let refused = [
                try await fixture.api.get("/v1/customers"),
                try await fixture.with(key: tokens.accessToken).get("/v1/customers"),
                try await visitor.post("/v1/sign-in/refresh", #"{"refresh_token": "\#(tokens.refreshToken)"}"#),
                try await visitor.post(
                    "/v1/sign-in",
                    #"{"tenant": "first", "email": "mira@team.example", "password": "\#(Business.password)"}"#),
            ]
            for answer in refused { #expect(try answer.status == 403 && answer.text("code") == "tenant_suspended") }
            #expect(try await visitor.get("/s/\(survey.text)").status == 410)
            #expect(
                try await business.server.number("SELECT count(*) FROM job.tenant WHERE is_held") == 1)
            #expect(try await platform.post(Self.path(fixture, "/resume")).text("state") == "active")
            fixture.access.authenticator.forget(nil)
            #expect(try await fixture.api.get("/v1/customers").status == 200)
            #expect(
                try await business.server.number("SELECT count(*) FROM job.tenant WHERE is_held") == 0)
        }
    }

    @Test func `A deletion can be cancelled within seven days, and leaves the tenant as it was`() async throws {
        try await Self.with { fixture, platform in
            _ = try await platform.post(Self.path(fixture, "/suspend"))
            let deleting = try await platform.post(Self.path(fixture, "/delete"))
            #expect(try deleting.status == 202 && deleting.text("state") == "deleting")
            let days = try await fixture.business.server.number(
                "SELECT extract(day FROM erase_after - updated_at)::int8 FROM platform.tenant")
            #expect(days == 7)
            #expect(try await platform.post(Self.path(fixture, "/resume")).text("code") == "deleting")
            #expect(try await platform.post(Self.path(fixture, "/cancel-deletion")).text("state") == "suspended")
            #expect(try await platform.post(Self.path(fixture, "/resume")).text("state") == "active")
            #expect(try await platform.post(Self.path(fixture, "/cancel-deletion")).text("code") == "not_deleting")
            fixture.access.authenticator.forget(nil)
            #expect(try await fixture.api.get("/v1/customers").status == 200)
        }
    }

    @Test func `Tenants are listed by short name and state, and one whose time has come is being erased`()
        async throws
    {
        try await Self.with { fixture, platform in
            _ = try await makeTenant(in: fixture.business.server, slug: "second")
            func slugs(_ filter: String) async throws -> [String] {
                let answer = try await platform.get("/platform/v1/tenants?\(filter)&sort=slug")
                return try answer.list("data").indices.compactMap { try answer.text("data/\($0)/slug") }
            }
            #expect(try await slugs("filter[slug]=second") == ["second"])
            #expect(try await slugs("filter[slug][in]=first,second,third") == ["first", "second"])
            _ = try await platform.post(Self.path(fixture, "/delete"))
            #expect(try await slugs("filter[state]=deleting") == ["first"])
            #expect(try await slugs("filter[state]=active") == ["second"])
            try await fixture.business.server.run(
                "UPDATE platform.tenant SET erase_after = now() WHERE slug = 'first'")
            #expect(try await slugs("filter[state]=deleting") == [])
            #expect(try await slugs("filter[state][in]=erasing,suspended") == ["first"])
            #expect(try await platform.get(Self.path(fixture)).text("state") == "erasing")
            #expect(try await platform.post(Self.path(fixture, "/suspend")).text("code") == "deleting")
            #expect(try await platform.post(Self.path(fixture, "/cancel-deletion")).text("code") == "not_deleting")
            #expect(try await platform.get("/platform/v1/tenants?filter[state]=gone").status == 400)
        }
    }

    @Test func `The people and keys of a tenant that is to be erased are told so, and not that it is suspended`()
        async throws
    {
        try await Self.with { fixture, platform in
            let (_, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            _ = try await platform.post(Self.path(fixture, "/delete"))
            fixture.access.authenticator.forget(nil)
            let visitor = fixture.with(key: nil)
            let refused = [
                try await fixture.api.get("/v1/customers"),
                try await fixture.with(key: tokens.accessToken).get("/v1/customers"),
                try await visitor.post("/v1/sign-in/refresh", #"{"refresh_token": "\#(tokens.refreshToken)"}"#),
                try await visitor.post(
                    "/v1/sign-in",
                    #"{"tenant": "first", "email": "mira@team.example", "password": "\#(Business.password)"}"#),
            ]
            for answer in refused { #expect(try answer.status == 403 && answer.text("code") == "tenant_deleted") }
        }
    }

    @Test func `Usage says how much a tenant keeps`() async throws {
        try await Self.with { fixture, platform in
            _ = try await fixture.business.customers(3)
            let usage = try await platform.get(Self.path(fixture, "/usage"))
            #expect(try usage.number("customers") == 3 && usage.number("keys") == 1)
            #expect(try await platform.get("/platform/v1/tenants/\(UUID())/usage").status == 404)
        }
    }

    @Test func `Keys of the platform open no tenant, and those of tenants not the platform`() async throws {
        try await Self.with(scopes: [.tenantsRead]) { fixture, platform in
            #expect(try await platform.get("/v1/customers").status == 401)
            #expect(try await fixture.api.get("/platform/v1/tenants").status == 401)
            #expect(try await fixture.with(key: nil).get("/platform/v1/tenants").status == 401)
            #expect(try await platform.get("/platform/v1/tenants").status == 200)
            #expect(try await platform.post(Self.path(fixture, "/suspend")).text("code") == "forbidden")
            let keys = PlatformKeyService(database: fixture.business.server.platform)
            try await keys.revoke(.cli, try #require(try await keys.list().first).id)
            #expect(try await platform.get("/platform/v1/tenants").status == 401)
        }
    }
}
