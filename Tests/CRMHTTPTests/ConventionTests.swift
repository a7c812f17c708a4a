import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// What every operation has by being declared.
@Suite("Conventions")
struct ConventionTests {
    @Test func `fields shows some members of an object, and of each item of a list`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = try await fixture.business.customer("Ada", reference: "1")
            func names(_ node: JSONNode) -> Set<String> {
                if case .object(let members) = node { Set(members.keys) } else { [] }
            }
            let one = try await fixture.api.get("/v1/customers/\(customer.id)?fields=name,contact_points")
            #expect(try names(one.value()) == ["id", "name", "contact_points"])
            // What is within the chosen ones stays whole.
            #expect(
                try names(one.value("contact_points/0")) == ["channel", "address", "is_primary", "type", "verified_at"])
            #expect(one.headers[.eTag] == "\"1\"")
            let list = try await fixture.api.get("/v1/customers?fields=stage")
            #expect(try names(list.value()) == ["data", "next_cursor"])
            #expect(try names(list.value("data/0")) == ["id", "stage"])
            let bad = try await fixture.api.get("/v1/customers?fields=id,secret")
            #expect(bad.status == 400)
            #expect(try bad.errors() == ["fields unknown"])
        }
    }

    @Test func `An object that the client holds already is not sent again`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = try await fixture.business.customer("Ada")
            let path = "/v1/customers/\(customer.id)"
            for held in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
                let answer = try await fixture.api.get(path, headers: [.ifNoneMatch: held])
                #expect(answer.status == 304, "\(held)")
                #expect(answer.body.isEmpty && answer.headers[.eTag] == "\"1\"")
            }
            #expect(try await fixture.api.get(path, headers: [.ifNoneMatch: "\"2\""]).status == 200)
        }
    }

    @Test func `A patch that changes nothing changes nothing, not even the version`() async throws {
        try await withMigratedDatabase { server in
            let filled = try await FilledBusiness(in: server, slug: "one")
            try await TestAPI.with(server, key: filled.secret) { api in
                for path in [
                    "/v1/customers/\(filled.customer.id)", "/v1/markets/\(filled.market.id)",
                    "/v1/plans/\(filled.plan.id)", "/v1/surveys/\(filled.survey.id)", "/v1/settings",
                ] {
                    let before = try await api.get(path)
                    let events = try await server.number("SELECT count(*) FROM crm.event")
                    let name = try #require(try before.text("name"))
                    for patch in ["{}", #"{"name": "\#(name)"}"#] where path != "/v1/settings" || patch == "{}" {
                        let after = try await api.patch(path, patch)
                        #expect(after.status == 200 && after.body == before.body, "\(path)")
                    }
                    #expect(try await server.number("SELECT count(*) FROM crm.event") == events, "\(path)")
                }
            }
        }
    }

    @Test func `What a business keeps stays out of caches that others read`() async throws {
        try await HTTPFixture.with { fixture in
            let made = try await fixture.api.post("/v1/customers", #"{"name": "Ada"}"#)
            #expect(made.headers[.cacheControl] == "no-store")
            let list = try await fixture.api.get("/v1/customers")
            #expect(list.headers[.cacheControl] == "private, no-cache")
        }
    }

    @Test func `A body that is encoded is refused for that`() async throws {
        try await HTTPFixture.with { fixture in
            for (path, encoding) in [("/v1/customers", "gzip"), ("/v1/customers/imports", "br")] {
                let type = path.hasSuffix("imports") ? "text/csv" : "application/json"
                let request = TestRequest(.post, path, "{}", type: type, headers: [.contentEncoding: encoding])
                let answer = try await fixture.api.send(request)
                #expect(try answer.status == 415 && answer.text("detail")?.contains("body as it is") == true)
            }
        }
    }

    @Test func `A list goes by the order that is asked for, and its cursor by that one alone`() async throws {
        try await HTTPFixture.with { fixture in
            for name in ["پایدار", "آشنا", "b", "A", "چای"] { _ = try await fixture.business.segment(name, of: []) }
            func walk(_ sort: String) async throws -> [String] {
                var names: [String] = []
                var cursor = ""
                repeat {
                    let answer = try await fixture.api.get("/v1/segments?limit=2&sort=\(sort)\(cursor)")
                    names += try answer.list("data").indices.compactMap { try answer.text("data/\($0)/name") }
                    cursor = try answer.text("next_cursor").map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                return names
            }
            #expect(try await walk("name") == ["آشنا", "پایدار", "چای", "A", "b"])
            #expect(try await walk("-name") == ["b", "A", "چای", "پایدار", "آشنا"])
            #expect(try await walk("created_at") == ["پایدار", "آشنا", "b", "A", "چای"])
            let cursor = try #require(try await fixture.api.get("/v1/segments?limit=1&sort=name").text("next_cursor"))
            for other in ["created_at", "-name"] {
                let answer = try await fixture.api.get("/v1/segments?limit=1&sort=\(other)&cursor=\(cursor)")
                #expect(try answer.errors() == ["cursor invalid_cursor"])
            }
            #expect(try await fixture.api.get("/v1/segments?sort=colour").errors() == ["sort unknown"])
        }
    }

    @Test func `A path asked with a method that it does not take names those that it takes`() async throws {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.send(TestRequest(.delete, "/v1/customers"))
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == "GET, HEAD, POST")
            #expect(try answer.text("code") == "method_not_allowed")
            #expect(
                try await fixture.api.send(TestRequest(.put, "/v1/customers/\(UUID())")).headers[.allow]
                    == "DELETE, GET, HEAD, PATCH")
            #expect(try await fixture.api.send(TestRequest(.delete, "/v1/nothing")).status == 404)
        }
    }

    @Test func `All that is wrong with a body is told at once: members, rules and what contradicts itself`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let answer = try await fixture.api.post(
                "/v1/customers",
                """
                {"kind": "robot", "language": "Persian", "colour": 1, "attributes": [], "contact_points": [
                 {"channel": "email", "address": "nobody", "is_primary": true},
                 {"channel": "email", "address": "a@b.example", "is_primary": true}, {"channel": "fax", "address": 5}]}
                """)
            #expect(answer.status == 422)
            #expect(
                Set(try answer.errors()) == [
                    "/name required", "/kind unknown", "/language invalid", "/colour unknown", "/attributes type",
                    "/contact_points/0/address invalid", "/contact_points/1/is_primary duplicate",
                    "/contact_points/2/channel unknown", "/contact_points/2/address type",
                ])
        }
    }

    @Test func `An operation that takes no parameters refuses them`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = try await fixture.business.customer("Ada")
            let answer = try await fixture.api.get("/v1/customers/\(customer.id)?expand=orders")
            #expect(answer.status == 400)
            #expect(try answer.errors() == ["expand unknown"])
            #expect(try await fixture.api.get("/v1/customers?limit=1&limit=2").errors() == ["limit duplicate"])
        }
    }

    @Test func `Who asks for the head gets no body, also of what is refused`() async throws {
        try await HTTPFixture.with(isLive: true) { fixture in
            _ = try await fixture.business.customers(20)
            let list = try await fixture.api.get("/v1/customers")
            let head = try await fixture.api.send(TestRequest(.head, "/v1/customers"))
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.headers[.contentLength] == String(list.body.utf8.count))
            let packed = try await fixture.api.send(
                TestRequest(.head, "/v1/customers", headers: [.acceptEncoding: "gzip"]))
            #expect(packed.headers[.contentEncoding] == nil && packed.headers[.contentLength] != "0")
            for (path, status) in [
                ("/nothing", 404), ("/v1/customers/search-all/merge", 405), ("/v1/customers?limit=0", 400),
            ] {
                let answer = try await fixture.api.send(TestRequest(.head, path))
                #expect(answer.status == status && answer.body.isEmpty, "\(path)")
                // Nothing of it is taken for the next answer of the connection.
                #expect(try await fixture.api.get("/healthz").body == "{\"status\":\"ok\"}")
            }
        }
    }

    @Test func `Patches at once that name no version all take effect`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = try await fixture.business.customer("Ada")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        try await fixture.api.patch(
                            "/v1/customers/\(customer.id)", "{\"attributes\": {\"a\(number)\": 1}}"
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [200, 200, 200, 200])
            let after = try await fixture.api.get("/v1/customers/\(customer.id)")
            #expect(try after.number("version") == 5)
            for number in 0..<4 { #expect(try after.number("attributes/a\(number)") == 1) }
        }
    }

    @Test func `A campaign that is being sent is shown anew each time`() async throws {
        try await HTTPFixture.with { fixture in
            let survey = try await fixture.business.survey()
            let segment = try await fixture.business.segment(of: [])
            let campaign = try await fixture.business.campaign("C", survey, to: segment)
            let answer = try await fixture.api.get(
                "/v1/campaigns/\(campaign.id)", headers: [.ifNoneMatch: "\"\(campaign.version)\""])
            #expect(answer.status == 200)
        }
    }

    @Test func `A cursor of another list, and one that was made up, are refused`() async throws {
        try await HTTPFixture.with { fixture in
            _ = try await fixture.business.customers(2)
            let cursor = try #require(try await fixture.api.get("/v1/customers?limit=1").text("next_cursor"))
            #expect(try await fixture.api.get("/v1/segments?cursor=\(cursor)").status == 400)
            // The right list, and times that no calendar has: microseconds since 2000.
            let head = try #require(Base32.decode(cursor)).prefix(17)
            for microseconds in [Int64.min, .min + 1, -70_000_000_000_000_000, 300_000_000_000_000_000, .max] {
                let bytes = head + withUnsafeBytes(of: microseconds.bigEndian) { Array($0) }
                let answer = try await fixture.api.get("/v1/customers?cursor=\(Base32.encode(bytes))")
                #expect(answer.status == 400, "\(microseconds)")
            }
        }
    }
}
