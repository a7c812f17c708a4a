import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What the audit log tells of those who tried to get in, and of what was done to the business from without.
@Suite("Audit log of access")
struct AccessAuditTests {
    private static func platform(_ fixture: HTTPFixture, _ scopes: [PlatformScope]) async throws -> TestAPI {
        let keys = PlatformKeyService(database: fixture.business.server.platform)
        return fixture.with(key: try await keys.create(.cli, name: "ops", scopes: scopes, expiresAt: nil).secret)
    }

    private static func actions(_ answer: Answer) throws -> [String] {
        try answer.list("data").indices.compactMap { try answer.text("data/\($0)/action") }
    }

    @Test func `A wrong password is told with the address that was given, and waiting once, not guess by guess`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let member = try await fixture.business.member("Mira", roles: [.owner], access: fixture.access)
            let visitor = fixture.with(key: nil)
            func attempt(_ email: String) async throws -> Int {
                try await visitor.post(
                    "/v1/sign-in", #"{"tenant": "first", "email": "\#(email)", "password": "wrong horse"}"#
                ).status
            }
            for _ in 0..<9 { _ = try await attempt("MIRA@team.example") }
            for _ in 0..<6 { _ = try await attempt("nobody@team.example") }
            let failed = try await fixture.api.get("/v1/audit?filter[action]=member.sign_in_failed")
            #expect(try failed.list("data").count == 5)
            #expect(try failed.text("data/0/object_id") == member.id.description)
            #expect(try failed.text("data/0/actor_kind") == "respondent")
            #expect(try failed.text("data/0/changes/email/after") == "MIRA@team.example")
            let locked = try await fixture.api.get("/v1/audit?filter[action]=member.locked_out")
            #expect(try locked.list("data").count == 1)
            #expect(try locked.number("data/0/data/seconds") == 15)
            let kept = try await fixture.business.server.texts("SELECT e::text FROM crm.event e")
            #expect(!kept.contains { $0.contains("MIRA") || $0.contains("nobody") })
        }
    }

    @Test func `A wrong password for another one is told, and waiting too`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let api = fixture.with(key: tokens.accessToken)
            for _ in 0..<6 {
                _ = try await api.post(
                    "/v1/me/password", #"{"current_password": "not it at all", "new_password": "staple and more"}"#)
            }
            let refused = try await fixture.api.get(
                "/v1/audit?filter[action][in]=member.password_refused,member.locked_out&filter[actor_id]=\(member.id)")
            #expect(try Self.actions(refused).filter { $0 == "member.password_refused" }.count == 5)
            #expect(try Self.actions(refused).filter { $0 == "member.locked_out" }.count == 1)
        }
    }

    @Test func `A business reads in its own log what was done to it`() async throws {
        try await HTTPFixture.with { fixture in
            let platform = try await Self.platform(fixture, [.tenantsWrite])
            let path = "/platform/v1/tenants/\(fixture.business.context.tenantID)"
            let owner = #"{"name": "Sara", "email": "sara@team.example"}"#
            #expect(try await platform.post(path + "/owners", owner).status == 201)
            for action in ["suspend", "suspend", "resume", "delete", "cancel-deletion"] {
                #expect(try await platform.post("\(path)/\(action)").status < 300)
            }
            let tenants = TenantService(database: fixture.business.server.platform)
            _ = try await tenants.suspend(.cli, fixture.business.context.tenantID)
            _ = try await tenants.resume(.cli, fixture.business.context.tenantID)
            var changes = SettingsChanges()
            changes.quarantineDays = 7
            _ = try await SettingsService(database: fixture.business.database).update(
                fixture.business.context, ifVersion: nil, changes)
            fixture.access.authenticator.forget(nil)
            let log = try await fixture.api.get("/v1/audit?filter[object_kind]=tenant&sort=occurred_at")
            #expect(
                try Self.actions(log) == [
                    "tenant.suspended", "tenant.resumed", "tenant.deletion_scheduled", "tenant.deletion_cancelled",
                    "tenant.suspended", "tenant.resumed",
                ])
            #expect(try log.text("data/0/actor_kind") == "platform")
            #expect(try log.text("data/0/actor_id") != nil)
            #expect(try log.text("data/0/changes/state/before") == "active")
            #expect(try log.text("data/0/changes/state/after") == "suspended")
            #expect(try log.text("data/2/changes/erase_after/after") != nil)
            #expect(try log.text("data/4/actor_kind") == "cli")
            let invited = try await fixture.api.get("/v1/audit?filter[action]=member.invited")
            #expect(try invited.text("data/0/actor_kind") == "platform")
            let settings = try await fixture.api.get("/v1/audit?filter[action]=settings.updated")
            #expect(try settings.text("data/0/actor_kind") == "cli")
            #expect(try settings.number("data/0/changes/quarantine_days/after") == 7)
        }
    }

    @Test func `The deployment can note nothing else in a business's log`() async throws {
        try await HTTPFixture.with { fixture in
            let tenant = fixture.business.tenantID
            let pool = Pool(fixture.business.server.configuration(user: "mehvar_platform", maximumConnections: 1))
            defer { pool.close() }
            let commands: [SQL] = [
                """
                INSERT INTO crm.event (tenant_id, id, actor_kind, action, object_kind, object_id)
                VALUES (\(tenant), \(UUID()), 'member', 'tenant.resumed', 'tenant', \(tenant))
                """,
                """
                INSERT INTO crm.event (tenant_id, id, actor_kind, action, object_kind, object_id)
                VALUES (\(tenant), \(UUID()), 'cli', 'customer.updated', 'customer', \(UUID()))
                """,
                "SELECT count(*) FROM crm.event",
            ]
            for command in commands {
                let refused = await #expect(throws: PostgresError.self) {
                    try await pool.pipeline(Statement<Int>("test.note", command))
                }
                #expect(refused?.state == .insufficientPrivilege)
            }
        }
    }

    @Test func `The deployment's own log is read by filters and page by page, with a scope of its own`() async throws {
        try await HTTPFixture.with { fixture in
            let platform = try await Self.platform(fixture, [.tenantsRead, .tenantsWrite, .auditRead])
            let tenant = fixture.business.context.tenantID
            for action in ["suspend", "resume"] {
                #expect(try await platform.post("/platform/v1/tenants/\(tenant)/\(action)").status == 200)
            }
            let all = try await platform.get("/platform/v1/audit")
            #expect(
                try Self.actions(all) == [
                    "tenant.resumed", "tenant.suspended", "platform_key.created", "tenant.created",
                ])
            #expect(try all.text("data/0/actor_kind") == "key" && all.text("data/0/actor_name") == "ops")
            #expect(try all.text("data/0/object_name") == "first")
            #expect(try all.text("data/0/object_id") == tenant.description)
            #expect(try all.text("data/2/object_name") == "ops")
            let first = try await platform.get("/platform/v1/audit?limit=3&sort=occurred_at")
            let cursor = try #require(try first.text("next_cursor"))
            let rest = try await platform.get("/platform/v1/audit?limit=3&sort=occurred_at&cursor=\(cursor)")
            let oldestFirst = Array(try Self.actions(all).reversed())
            #expect(try Self.actions(first) + Self.actions(rest) == oldestFirst)
            let some = try await platform.get(
                "/platform/v1/audit?filter[object_id]=\(tenant)&filter[actor_kind]=key&filter[action]=tenant.resumed")
            #expect(try Self.actions(some) == ["tenant.resumed"])
            let bad = try await platform.get("/platform/v1/audit?filter[actor_kind]=member&filter[x]=1")
            #expect(try bad.errors().sorted() == ["filter[actor_kind] unknown", "filter[x] unknown"])
            let weak = try await Self.platform(fixture, [.tenantsRead])
            #expect(try await weak.get("/platform/v1/audit").text("code") == "forbidden")
            #expect(try await fixture.api.get("/platform/v1/audit").status == 401)
        }
    }
}
