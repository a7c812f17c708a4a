import CRM
import Foundation
import HTTPTypes
import Logging
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import CRMHTTP

/// What ends or changes a caller's access is noticed at once, although answers are kept: here for an hour.
@Suite("What is remembered of callers", .enabled(if: !TestServer.isPooled))
struct AccessSignalTests {
    private struct Fixture: Sendable {
        let business: Business
        let access: AccessControl
        let owner: TestAPI

        func api(_ token: String) -> TestAPI {
            var api = owner
            api.key = token
            return api
        }

        /// A member who has just been let in.
        func known(_ name: String, roles: [Role] = [.admin]) async throws -> (Member, TestAPI, SessionTokens) {
            let (member, tokens) = try await business.signedIn(as: roles, named: name, access: access)
            let api = api(tokens.accessToken)
            let answer = try await api.get("/v1/members")
            #expect(answer.status == 200)
            return (member, api, tokens)
        }
    }

    private static func with(_ body: @Sendable (Fixture) async throws -> Void) async throws {
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let key = try await HTTPFixture.makeKey(business)
            let access = try await AccessControl(
                database: business.database, cost: .low, remembering: .seconds(3600))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let signal = AccessSignal(
                server.configuration(user: "mehvar_app", maximumConnections: 1), authenticator: access.authenticator,
                logger: logger)
            let group = ServiceGroup(services: [signal], logger: logger)
            let running = Task { try await group.run() }
            try await TestAPI.with(server, key: key, access: access) { owner in
                let fixture = Fixture(business: business, access: access, owner: owner)
                // Until listening has begun a revoked key is remembered for an hour; then it is not.
                try await eventually {
                    let made = try await owner.post("/v1/keys", #"{"name": "shop", "scopes": ["customers:read"]}"#)
                    let id = try #require(try made.text("id"))
                    let api = fixture.api(try #require(try made.text("secret")))
                    let before = try await api.get("/v1/customers")
                    let revoked = try await owner.send(TestRequest(.delete, "/v1/keys/\(id)"))
                    #expect(before.status == 200 && revoked.status == 204)
                    for _ in 0..<20 {
                        if try await api.get("/v1/customers").status == 401 { return true }
                    }
                    return false
                }
                try await body(fixture)
            }
            await group.triggerGracefulShutdown()
            try await running.value
        }
    }

    @Test func `A key that is revoked, a member who goes, signs out, is demoted or resets the password`() async throws {
        try await Self.with { fixture in
            let (removed, gone, _) = try await fixture.known("Removed")
            _ = try await fixture.owner.send(TestRequest(.delete, "/v1/members/\(removed.id)"))
            try await eventually { try await gone.get("/v1/members").status == 401 }
            let (demoted, weak, _) = try await fixture.known("Demoted")
            let patched = try await fixture.owner.patch("/v1/members/\(demoted.id)", #"{"roles": ["viewer"]}"#)
            #expect(patched.status == 200)
            try await eventually { try await weak.get("/v1/members").status == 403 }
            let (_, out, _) = try await fixture.known("Leaving")
            let left = try await out.post("/v1/sign-out", "{}")
            #expect(left.status == 204)
            try await eventually { try await out.get("/v1/members").status == 401 }
            let (_, stolen, tokens) = try await fixture.known("Robbed")
            for _ in 0..<2 {
                _ = try await stolen.post("/v1/sign-in/refresh", #"{"refresh_token": "\#(tokens.refreshToken)"}"#)
            }
            try await eventually { try await stolen.get("/v1/members").status == 401 }
            let (member, reset, _) = try await fixture.known("Forgetful")
            let link = SecretToken.make(for: fixture.business.context.tenantID)
            try await fixture.business.server.run(
                """
                INSERT INTO crm.token (tenant_id, hash, purpose, subject_id, expires_at)
                VALUES (\(fixture.business.tenantID), \(link.hash), 'password_reset', \(member.id), now() + interval '1 hour')
                """)
            let chosen = try await reset.post(
                "/v1/passwords", #"{"token": "\#(link.text)", "password": "staple and more"}"#)
            #expect(chosen.status == 204)
            try await eventually { try await reset.get("/v1/members").status == 401 }
        }
    }

    @Test func `Settings that change, and a business that is suspended`() async throws {
        try await Self.with { fixture in
            let changed = try await fixture.owner.patch("/v1/settings", #"{"key_requests_per_second": 77}"#)
            #expect(changed.status == 200)
            try await eventually {
                let answer = try await fixture.owner.get("/v1/settings")
                return answer.headers[.rateLimitPolicy]?.contains("q=77") == true
            }
            let tenants = TenantService(database: fixture.business.server.platform)
            _ = try await tenants.suspend(.cli, fixture.business.context.tenantID)
            try await eventually { try await fixture.owner.get("/v1/settings").status == 403 }
            _ = try await tenants.resume(.cli, fixture.business.context.tenantID)
            try await eventually { try await fixture.owner.get("/v1/settings").status == 200 }
        }
    }
}
