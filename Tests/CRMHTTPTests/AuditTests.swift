import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Audit log")
struct AuditTests {
    @Test func `A change is told with its author, its request and its values before and after`() async throws {
        try await HTTPFixture.with { fixture in
            let (member, tokens) = try await fixture.business.signedIn(as: [.owner], access: fixture.access)
            let api = fixture.with(key: tokens.accessToken)
            let made = try await api.post("/v1/customers", #"{"name": "Ada", "reference": "R-1"}"#)
            let id = try #require(try made.text("id"))
            let changed = try await api.patch("/v1/customers/\(id)", #"{"stage": "actual", "name": "Ada L."}"#)
            let log = try await api.get("/v1/audit?filter[object_id]=\(id)")
            #expect(try log.list("data").count == 2)
            #expect(try log.text("data/0/action") == "customer.updated")
            #expect(try log.text("data/0/actor_kind") == "member")
            #expect(try log.text("data/0/actor_id") == member.id.description)
            #expect(try log.text("data/0/actor_name") == "Mira")
            #expect(try log.text("data/0/request_id") == changed.headers[.requestID])
            #expect(try log.text("data/0/changes/stage/before") == "potential")
            #expect(try log.text("data/0/changes/stage/after") == "actual")
            #expect(try log.text("data/0/changes/name/before") == "Ada")
            #expect(try log.text("data/0/changes/name/after") == "Ada L.")
            #expect(try log.value("data/0/changes/reference") == .null)
            #expect(try log.text("data/1/action") == "customer.created")
            #expect(try log.value("data/1/changes/name/before") == .null)
            #expect(try log.text("data/1/changes/reference/after") == "R-1")
        }
    }

    @Test func `What tells something of a person can be erased, and the rest stays`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.api.post("/v1/customers", #"{"name": "Ada", "reference": "R-1"}"#)
            let id = try #require(try made.text("id"))
            let kept = try await fixture.business.server.texts("SELECT e::text FROM crm.event e")
            #expect(!kept.contains { $0.contains("Ada") || $0.contains("R-1") })
            let erased = try await fixture.business.server.run(
                "DELETE FROM crm.event_personal WHERE subject_kind = 'customer' AND subject_id = \(UUID(uuidString: id))"
            )
            #expect(erased == 1)
            let log = try await fixture.api.get("/v1/audit?filter[object_id]=\(id)")
            #expect(try log.value("data/0/changes/name/is_erased") == .bool(true))
            #expect(try log.value("data/0/changes/name/after") == .null)
            #expect(try log.text("data/0/changes/stage/after") == "potential")
        }
    }

    @Test func `A secret is masked`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.business.member("Mira", roles: [.owner], access: fixture.access)
            let log = try await fixture.api.get("/v1/audit?filter[action]=member.joined")
            #expect(try log.text("data/0/changes/password/after") == "***")
            #expect(!log.body.contains("scrypt"))
        }
    }

    @Test func `The application cannot change or remove what was noted`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.api.post("/v1/customers", #"{"name": "Ada"}"#)
            let setTenant = Statement<Void>(
                effect: "test.tenant", "SELECT crm.set_tenant(\(fixture.business.tenantID))")
            for command: SQL in ["UPDATE crm.event SET action = 'x'", "DELETE FROM crm.event"] {
                let pool = Pool(fixture.business.server.configuration(user: "mehvar_app", maximumConnections: 1))
                defer { pool.close() }
                let refused = await #expect(throws: PostgresError.self) {
                    try await pool.pipeline(prelude: [setTenant], Statement<Int>("test.tamper", command))
                }
                #expect(refused?.state == .insufficientPrivilege)
            }
        }
    }

    @Test func `The log is filtered, paged and exported whole, a line an entry`() async throws {
        try await HTTPFixture.with { fixture in
            for number in 0..<250 {
                _ = try await fixture.business.customer("Customer \(number)", hasEmail: false)
            }
            let page = try await fixture.api.get("/v1/audit?filter[action]=customer.created&limit=200")
            #expect(try page.list("data").count == 200)
            let cursor = try #require(try page.text("next_cursor"))
            let rest = try await fixture.api.get(
                "/v1/audit?filter[action]=customer.created&limit=200&cursor=\(cursor)")
            #expect(try rest.list("data").count == 50)
            let export = try await fixture.api.get("/v1/audit/export?filter[action]=customer.created")
            #expect(export.headers[.contentType] == "application/x-ndjson")
            let lines = export.body.split(separator: "\n")
            #expect(lines.count == 250 && Set(lines).count == 250)
            let none = try await fixture.api.get("/v1/audit/export?filter[occurred_at][lt]=2020-01-01T00:00:00Z")
            #expect(none.status == 200 && none.body.isEmpty)
            let wrong = try await fixture.api.get(
                "/v1/audit?filter[occurred_at][gte]=yesterday&filter[actor_kind]=robot&filter[actor_id]=1&filter[x]=1")
            #expect(
                Set(try wrong.errors()) == [
                    "filter[occurred_at][gte] invalid", "filter[actor_kind] unknown", "filter[actor_id] invalid",
                    "filter[x] unknown",
                ])
        }
    }
}
