import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRM
@testable import CRMHTTP

@Suite("Requests that may be repeated")
struct IdempotencyTests {
    private let body = #"{"name": "Mina", "reference": "B-1"}"#

    private func key(_ text: String) -> HTTPFields { [.idempotencyKey: text] }

    @Test func `A request that is repeated under its key is answered as it was, and done once`() async throws {
        try await HTTPFixture.with { fixture in
            let first = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            let second = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            #expect(first.status == 201 && second.status == 201)
            #expect(first.headers[.idempotencyReplayed] == nil && second.headers[.idempotencyReplayed] == "true")
            #expect(first.body == second.body)
            #expect(first.headers[.location] == second.headers[.location])
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 1)
            #expect(
                try await fixture.business.server.number(
                    "SELECT count(*) FROM crm.event WHERE action = 'customer.created'") == 1)
        }
    }

    @Test func `A key that was used for another body, or another path, is refused`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            let other = try await fixture.api.post("/v1/customers", #"{"name": "Omid"}"#, headers: key("a"))
            #expect(other.status == 422)
            #expect(try other.text("code") == "idempotency_key_reused")
            let one = try await fixture.business.segment("one", of: [])
            let two = try await fixture.business.segment("two", of: [])
            _ = try await fixture.api.post("/v1/segments/\(one.id)/evaluate", headers: key("b"))
            let elsewhere = try await fixture.api.post("/v1/segments/\(two.id)/evaluate", headers: key("b"))
            #expect(elsewhere.status == 422)
        }
    }

    @Test func `The same key means something else in another operation, of another caller and of another business`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            let segment = try await fixture.api.post(
                "/v1/segments", #"{"name": "S", "kind": "manual"}"#, headers: key("a"))
            #expect(segment.status == 201)
            let colleague = fixture.with(key: try await HTTPFixture.makeKey(fixture.business))
            #expect(try await colleague.post("/v1/customers", #"{"name": "Omid"}"#, headers: key("a")).status == 201)
            let stranger = try await Business(in: fixture.business.server, slug: "stranger")
            let theirs = fixture.with(key: try await HTTPFixture.makeKey(stranger))
            #expect(try await theirs.post("/v1/customers", body, headers: key("a")).status == 201)
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 3)
        }
    }

    @Test func `What was refused may be tried again under its key`() async throws {
        try await HTTPFixture.with { fixture in
            let refused = try await fixture.api.post("/v1/customers", #"{"name": ""}"#, headers: key("a"))
            #expect(refused.status == 422)
            _ = try await fixture.business.customer("Other", reference: "B-1")
            let conflict = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            #expect(conflict.status == 409)
            try await fixture.business.server.run("UPDATE crm.customer SET reference = NULL")
            #expect(try await fixture.api.post("/v1/customers", body, headers: key("a")).status == 201)
        }
    }

    @Test func `Of many at once one is done, and the others are told without waiting`() async throws {
        try await HTTPFixture.with { fixture in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await fixture.api.post("/v1/customers", body, headers: key("a")).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.contains(201) && Set(statuses).isSubset(of: [201, 409]))
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 1)
        }
    }

    @Test func `A request whose twin is being done is told so while that one waits`() async throws {
        try await HTTPFixture.with { fixture in
            struct Undo: Error {}
            let keys = try await APIKeyService(database: fixture.business.database).list(
                fixture.business.context, PageRequest()
            ).items
            let caller = TenantContext(
                tenantID: fixture.business.context.tenantID, actor: .key(keys[0].id), scopes: [], requestID: nil)
            let request = try #require(
                IdempotentRequest(
                    key: "a", operation: "create_customer", path: "/v1/customers", body: Array(body.utf8),
                    object: UUID()))
            // The twin: a transaction that has begun the request, and is undone.
            await #expect(throws: Undo.self) {
                try await fixture.business.database.withTenant(caller.with(request)) { transaction in
                    try await transaction.run(.setTenant(caller.tenantID))
                    let answer = try await fixture.api.post("/v1/customers", body, headers: key("a"))
                    #expect(answer.status == 409)
                    #expect(try answer.text("code") == "in_flight")
                    #expect(answer.headers[.retryAfter] != nil)
                    throw Undo()
                }
            }
            #expect(try await fixture.api.post("/v1/customers", body, headers: key("a")).status == 201)
        }
    }

    @Test func `After 24 hours a key is free again`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.api.post("/v1/customers", body, headers: key("a"))
            try await fixture.business.server.run(
                "UPDATE crm.idempotent_request SET created_at = created_at - interval '24 hours 1 second'")
            let other = try await fixture.api.post("/v1/customers", #"{"name": "Omid"}"#, headers: key("a"))
            #expect(other.status == 201)
            #expect(other.headers[.idempotencyReplayed] == nil)
        }
    }

    @Test func `A key must be visible ASCII of 255 characters at most`() async throws {
        try await HTTPFixture.with { fixture in
            for bad in ["", String(repeating: "k", count: 256), "two words"] {
                let answer = try await fixture.api.post("/v1/customers", body, headers: key(bad))
                #expect(answer.status == 400, "\(bad)")
                #expect(try answer.text("code") == "bad_idempotency_key")
            }
        }
    }

    @Test func `A file that is sent again under its key is imported once`() async throws {
        try await HTTPFixture.with { fixture in
            func upload(_ csv: String) async throws -> Answer {
                try await fixture.api.send(
                    TestRequest(.post, "/v1/customers/imports", csv, type: "text/csv", headers: key("file")))
            }
            let first = try await upload("reference,name\n1,A\n2,B\n")
            let second = try await upload("reference,name\n1,A\n2,B\n")
            #expect(first.status == 202 && first.body == second.body)
            #expect(second.headers[.idempotencyReplayed] == "true")
            #expect(try await upload("reference,name\n1,A\n2,C\n").status == 422)
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.import") == 1)
        }
    }

    @Test func `A caller that may only write is told what it wrote again`() async throws {
        try await HTTPFixture.with { fixture in
            let writer = fixture.with(key: try await HTTPFixture.makeKey(fixture.business, scopes: [.customersWrite]))
            let first = try await writer.post("/v1/customers", body, headers: key("a"))
            let second = try await writer.post("/v1/customers", body, headers: key("a"))
            #expect(second.status == 201 && first.body == second.body)
        }
    }
}
