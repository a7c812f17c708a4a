import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Customers over HTTP")
struct CustomerAPITests {
    @Test func `A created customer is found where the answer says, the same in every member`() async throws {
        try await HTTPFixture.with { fixture in
            let created = try await fixture.api.post(
                "/v1/customers",
                """
                {"name": "سارا", "stage": "actual", "reference": "0001", "language": "fa", "time_zone": "Asia/Tehran",
                 "attributes": {"vip": true, "size": 1.5},
                 "contact_points": [{"channel": "email", "address": "Sara@b.example", "is_primary": true}]}
                """)
            #expect(created.status == 201)
            let place = try #require(created.headers[.location])
            let found = try await fixture.api.get(place)
            #expect(found.status == 200)
            #expect(try found.value() == created.value())
            #expect(found.headers[.eTag] == "\"1\"" && created.headers[.eTag] == "\"1\"")
            #expect(try found.text("name") == "سارا")
            #expect(try found.value("attributes/vip") == .bool(true))
            #expect(try found.text("contact_points/0/address") == "Sara@b.example")
            #expect(try found.text("created_at")?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil)
            guard case .object(let members) = try found.value() else { return }
            #expect(
                Set(members.keys) == [
                    "id", "kind", "stage", "stage_reason", "stage_changed_at", "reference", "references", "name",
                    "names",
                    "birth_date", "language", "time_zone", "organisation_id", "owner_id", "source", "acquisition_cost",
                    "market_ids", "tags", "attributes", "contact_points", "version", "created_at", "updated_at",
                ])
        }
    }

    @Test func `Pages walk all customers once in both directions, also when many are of one moment`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.business.customers(23).map(\.id.description)
            // Three moments for all, two pages and more for each.
            try await fixture.business.server.run(
                """
                UPDATE crm.customer c SET created_at = now() - (n.number % 3) * interval '1 second'
                FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM crm.customer) n WHERE n.id = c.id
                """)
            func walk(_ query: String) async throws -> [String] {
                var ids: [String] = []
                var cursor = ""
                for _ in 0..<20 {
                    let answer = try await fixture.api.get("/v1/customers?limit=4&\(query)\(cursor)")
                    let page = try answer.ids()
                    ids += page
                    guard let next = try answer.text("next_cursor") else { return ids }
                    #expect(page.count == 4)
                    cursor = "&cursor=\(next)"
                }
                Issue.record("the pages do not end")
                return ids
            }
            let up = try await walk("sort=created_at")
            let down = try await walk("sort=-created_at")
            #expect(up.count == 23 && Set(up) == Set(made))
            #expect(down == up.reversed())
        }
    }

    @Test func `A page that is exactly full and the last one has no cursor`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.business.customers(4)
            let answer = try await fixture.api.get("/v1/customers?limit=4")
            #expect(try answer.ids().count == 4)
            #expect(try answer.value("next_cursor") == .null)
            #expect(answer.body.contains("\"next_cursor\":null"))
        }
    }

    @Test func `A cursor goes with the order that it was given for`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.business.customers(3)
            let cursor = try #require(try await fixture.api.get("/v1/customers?limit=1").text("next_cursor"))
            let turned = try await fixture.api.get("/v1/customers?limit=1&sort=-created_at&cursor=\(cursor)")
            #expect(turned.status == 400)
            #expect(try turned.errors() == ["cursor invalid_cursor"])
        }
    }

    @Test func `Filters combine, and take lists`() async throws {
        try await HTTPFixture.with { fixture in
            let ada = try await fixture.business.customer("Ada", language: "en", reference: "r,1")
            let bob = try await fixture.business.customer("Bob", reference: "r2", stage: .actual)
            let cid = try await fixture.business.customer("Cid", language: "en", stage: .lost)
            let expected: [(String, [Customer])] = [
                ("filter[stage]=actual", [bob]), ("filter[stage][in]=actual,lost", [bob, cid]),
                ("filter%5Blanguage%5D=en", [ada, cid]), ("filter[language]=en&filter[stage]=lost", [cid]),
                ("filter[reference]=r%2C1", [ada]), ("filter[reference][in]=r2,none", [bob]),
                ("filter[kind]=organisation", []),
            ]
            for (query, customers) in expected {
                let answer = try await fixture.api.get("/v1/customers?\(query)")
                #expect(try answer.ids() == customers.map(\.id.description), "\(query)")
            }
        }
    }

    @Test func `A merge patch changes what it names, removes what is null and leaves the rest`() async throws {
        try await HTTPFixture.with { fixture in
            let created = try await fixture.api.post(
                "/v1/customers",
                """
                {"name": "A", "reference": "1", "time_zone": "Asia/Tehran", "attributes": {"a": 1, "b": {"c": 2, "d": 3}},
                 "contact_points": [{"channel": "phone", "address": "+98 21 1234"}]}
                """)
            let place = try #require(created.headers[.location])
            let patch = TestRequest(
                .patch, place,
                #"{"stage": "actual", "time_zone": null, "attributes": {"a": null, "b": {"c": 9}, "e": []}}"#,
                type: "application/merge-patch+json")
            let patched = try await fixture.api.send(patch)
            #expect(patched.status == 200)
            #expect(patched.headers[.eTag] == "\"2\"")
            #expect(
                try patched.text("name") == "A" && patched.text("reference") == "1" && patched.text("stage") == "actual"
            )
            #expect(try patched.value("time_zone") == .null)
            #expect(
                try patched.value("attributes")
                    == .object(["b": .object(["c": .number(9), "d": .number(3)]), "e": .array([])]))
            #expect(try patched.list("contact_points").count == 1)
            let emptied = try await fixture.api.patch(place, #"{"contact_points": [], "reference": null}"#)
            #expect(try emptied.list("contact_points") == [] && emptied.value("reference") == .null)

            let refused = try await fixture.api.patch(place, #"{"name": null, "stage": null}"#)
            #expect(refused.status == 422)
            #expect(Set(try refused.errors()) == ["/name required", "/stage required"])
        }
    }

    @Test func `A patch takes only the version that it names`() async throws {
        try await HTTPFixture.with { fixture in
            let created = try await fixture.api.post("/v1/customers", #"{"name": "A"}"#)
            let place = try #require(created.headers[.location])
            let tag = try #require(created.headers[.eTag])
            let body = #"{"name": "B"}"#
            #expect(try await fixture.api.patch(place, body, headers: [.ifMatch: tag]).status == 200)
            let stale = try await fixture.api.patch(place, body, headers: [.ifMatch: tag])
            #expect(stale.status == 412)
            #expect(try stale.text("code") == "stale")
            let other = #"{"name": "C"}"#
            #expect(try await fixture.api.patch(place, other, headers: [.ifMatch: "*"]).status == 200)
            #expect(try await fixture.api.patch(place, body, headers: [.ifMatch: "W/x"]).status == 400)
            #expect(try await fixture.api.get(place).headers[.eTag] == "\"3\"")
        }
    }

    @Test func `Of two patches at once none is lost silently`() async throws {
        try await HTTPFixture.with { fixture in
            let created = try await fixture.api.post("/v1/customers", #"{"name": "A"}"#)
            let place = try #require(created.headers[.location])
            let tag = try #require(created.headers[.eTag])
            async let first = fixture.api.patch(place, #"{"name": "B"}"#, headers: [.ifMatch: tag])
            async let second = fixture.api.patch(place, #"{"name": "C"}"#, headers: [.ifMatch: tag])
            #expect(Set(try await [first.status, second.status]) == [200, 412])
        }
    }

    @Test func `An import answers with counts, and with every bad cell when it is refused`() async throws {
        try await HTTPFixture.with { fixture in
            func upload(_ csv: String) async throws -> Answer {
                try await fixture.upload(
                    .customers, csv, query: "?mode=all_or_nothing", type: "text/csv; charset=utf-8")
            }
            let report = try await upload("reference,name,email\n1,A,a@b.example\n2,B,\n")
            #expect(report.status == 200)
            #expect(
                try report.number("created") == 2 && report.number("rows") == 2 && report.text("kind") == "customers")
            let refused = try await upload("reference,name,email\n3,C,c@b.example\n4,,nobody\n")
            #expect(try refused.text("state") == "failed" && refused.text("failure/code") == "rows_rejected")
            let id = try #require(try refused.text("id"))
            let rows = try await fixture.api.get("/v1/customers/imports/\(id)/rejected-rows")
            #expect(
                try rows.text("data/0/errors/0/pointer") == "/3/email" && rows.text("data/0/errors/1/pointer") == nil)
            #expect(try rows.number("data/0/row") == 3 && rows.text("data/0/content") == "4,,nobody")
            #expect(try await fixture.business.server.number("SELECT count(*) FROM crm.customer") == 2)
        }
    }
}
