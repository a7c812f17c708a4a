import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Segments as clients make, try, change and ask them.
@Suite("Segments over HTTP")
struct SegmentAPITests {
    private static func rule(_ field: String, _ op: String, _ value: String, _ rest: String = "") -> String {
        #"{"field": "\#(field)", "op": "\#(op)", "value": \#(value)\#(rest)}"#
    }

    private static func add(_ api: TestAPI, _ name: String, _ rule: String) async throws -> String {
        let made = try await api.post("/v1/segments", #"{"name": "\#(name)", "kind": "rule", "rule": \#(rule)}"#)
        #expect(made.status == 201, "\(made)")
        return try #require(try made.text("id"))
    }

    @Test func `A rule is tried before it is kept: how many, and the newest of them`() async throws {
        try await HTTPFixture.with { fixture in
            let customers = try await fixture.business.customers(12)
            try await fixture.business.refresh()
            let body = #"{"rule": \#(Self.rule("stage", "eq", #""potential""#))}"#
            let preview = try await fixture.api.post("/v1/segments/preview", body)
            #expect(try preview.status == 200 && preview.number("count") == 12)
            #expect(try preview.list("sample").count == 10)
            #expect(try preview.text("sample/0/id") == customers.last?.id.description)
            let blind = try await HTTPFixture.makeKey(fixture.business, scopes: [.segmentsWrite])
            let counted = try await fixture.with(key: blind).post("/v1/segments/preview", body)
            #expect(try counted.number("count") == 12 && counted.list("sample").isEmpty)
            let reader = try await HTTPFixture.makeKey(fixture.business, scopes: [.segmentsRead])
            #expect(try await fixture.with(key: reader).post("/v1/segments/preview", body).status == 403)
        }
    }

    @Test func `A segment is changed and removed, but for its kind and while others refer to it`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let id = try await Self.add(api, "Actual", Self.rule("stage", "eq", #""actual""#))
            let path = "/v1/segments/\(id)"
            let changed = try await api.patch(
                path, #"{"description": "Those who buy", "rule": {"not": \#(Self.rule("stage", "eq", #""lost""#))}}"#)
            #expect(try changed.status == 200 && changed.text("rule/not/value") == "lost")
            // The rule takes the place of the other one whole.
            let again = try await api.patch(path, #"{"rule": {"not": \#(Self.rule("kind", "eq", #""person""#))}}"#)
            #expect(try again.text("rule/not/field") == "kind" && again.text("description") == "Those who buy")
            #expect(try await api.patch(path, #"{"kind": "manual"}"#).status == 422)
            #expect(try await api.patch(path, #"{"rule": null}"#).errors() == ["/rule required"])
            let other = try await Self.add(api, "Other", Self.rule("segments", "eq", #""\#(id)""#))
            #expect(try await api.delete(path).text("code") == "in_use")
            let ring = try await api.patch(path, #"{"rule": \#(Self.rule("segments", "in", #"["\#(other)"]"#))}"#)
            #expect(try ring.errors() == ["/rule cycle"])
            let itself = try await api.patch(path, #"{"rule": \#(Self.rule("segments", "in", #"["\#(id)"]"#))}"#)
            #expect(try itself.errors() == ["/rule cycle"])
            #expect(try await api.delete("/v1/segments/\(other)").status == 204)
            #expect(try await api.delete(path).status == 204)
            #expect(try await api.get(path).status == 404)
            #expect(try await api.get("/v1/segments").ids() == [])
            let late = try await api.post(
                "/v1/plans", #"{"name": "P", "segment_id": "\#(id)", "elements": \#(Probe.elements)}"#)
            #expect(try late.errors() == ["/segment_id not_found"])
        }
    }

    @Test func `Segments build on each other eight deep and no deeper`() async throws {
        try await HTTPFixture.with { fixture in
            var id = try await Self.add(fixture.api, "1", Self.rule("stage", "eq", #""actual""#))
            for number in 2...8 {
                id = try await Self.add(fixture.api, "\(number)", Self.rule("segments", "eq", #""\#(id)""#))
            }
            let ninth = try await fixture.api.post(
                "/v1/segments", #"{"name": "9", "kind": "rule", "rule": \#(Self.rule("segments", "eq", #""\#(id)""#))}"#
            )
            #expect(try ninth.errors() == ["/rule too_deep"])
        }
    }

    @Test func `Everything that is wrong with a rule is told at once, by pointers into it`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, stranger) = (fixture.api, UUID().uuidString)
            let parts = [
                Self.rule("shoe_size", "eq", "1"), Self.rule("stage", "gt", #""lost""#),
                Self.rule("stage", "in", #"["actual", "gone"]"#), Self.rule("orders.count", "gte", #""many""#),
                Self.rule("orders.count", "gte", "1", #", "kinds": ["call"]"#),
                Self.rule("orders.count", "gte", "1", #", "last_days": 0"#),
                Self.rule("interactions.count", "gte", "1", #", "channels": ["pigeon"]"#),
                Self.rule("orders.last_on", "within_days", "40000"), Self.rule("birth_date", "eq", #""2026-02-30""#),
                Self.rule("tags", "exists", #""yes""#), Self.rule("markets", "in", #"["x"]"#), #"{"any": []}"#,
                #"{"all": [{"not": \#(Self.rule("kind", "like", #""a""#))}]}"#,
            ]
            let bad = try await api.post(
                "/v1/segments/preview", #"{"rule": {"all": [\#(parts.joined(separator: ","))]}}"#)
            #expect(
                try bad.errors() == [
                    "/rule/all/0/field unknown", "/rule/all/1/op operator", "/rule/all/2/value/1 unknown",
                    "/rule/all/3/value type", "/rule/all/4/kinds unknown", "/rule/all/5/last_days range",
                    "/rule/all/6/channels/0 unknown", "/rule/all/7/value range", "/rule/all/8/value type",
                    "/rule/all/9/value type", "/rule/all/10/value/0 not_found", "/rule/all/11/any type",
                    "/rule/all/12/all/0/not/op unknown",
                ])
            let unknown = try await api.post(
                "/v1/segments/preview",
                #"{"rule": {"any": [\#(Self.rule("markets", "eq", "\"\(stranger)\"")), \#(Self.rule("orders.count", "eq", "0", #", "product_ids": ["\#(stranger)"]"#))]}}"#
            )
            #expect(try unknown.errors() == ["/rule/any/0/value not_found", "/rule/any/1/product_ids/0 not_found"])
        }
    }

    @Test func `Attributes are what the business has said that they are`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let free = try await api.post(
                "/v1/segments/preview", #"{"rule": \#(Self.rule("attributes.anything", "gt", "5"))}"#)
            #expect(free.status == 200)
            for attribute in [
                #"{"name": "club", "type": "choice", "choices": ["gold"]}"#, #"{"name": "visits", "type": "number"}"#,
                #"{"name": "since", "type": "day"}"#, #"{"name": "vip", "type": "boolean"}"#,
            ] {
                #expect(try await api.post("/v1/customer-attributes", attribute).status == 201)
            }
            _ = try await api.addCustomer(
                #"{"name": "A", "attributes": {"club": "gold", "visits": 7, "since": "2020-05-01", "vip": true}}"#)
            let right = [
                Self.rule("attributes.club", "in", #"["gold"]"#), Self.rule("attributes.visits", "gt", "6.5"),
                Self.rule("attributes.since", "lt", #""2020-05-02""#), Self.rule("attributes.vip", "eq", "true"),
                Self.rule("attributes.since", "older_than_days", "30"),
            ]
            let found = try await api.post(
                "/v1/segments/preview", #"{"rule": {"all": [\#(right.joined(separator: ","))]}}"#)
            #expect(try found.number("count") == 1)
            let wrong = [
                Self.rule("attributes.shoe", "eq", "1"), Self.rule("attributes.club", "eq", #""tin""#),
                Self.rule("attributes.visits", "contains", #""7""#), Self.rule("attributes.visits", "eq", #""7""#),
                Self.rule("attributes.since", "eq", #""soon""#), Self.rule("attributes.vip", "gt", "1"),
            ]
            let bad = try await api.post(
                "/v1/segments/preview", #"{"rule": {"any": [\#(wrong.joined(separator: ","))]}}"#)
            #expect(
                try bad.errors() == [
                    "/rule/any/0/field unknown", "/rule/any/1/value unknown", "/rule/any/2/op operator",
                    "/rule/any/3/value type", "/rule/any/4/value type", "/rule/any/5/op operator",
                ])
        }
    }

    @Test func `A customer's place in a segment is explained part by part, without what the caller may not read`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let ada = try await business.customer("Ada", language: "en", stage: .actual)
            var order = OrderValues(customerID: ada.id, orderedOn: try #require(LocalDate("2026-05-01")))
            order.amount = 70
            _ = try await OrderService(database: business.database).create(business.context, order)
            let parts = [
                Self.rule("orders.amount", "gte", "50"), Self.rule("tags", "eq", #""vip""#),
                #"{"not": \#(Self.rule("language", "eq", #""fa""#))}"#,
            ]
            let id = try await Self.add(api, "S", #"{"any": [\#(parts.joined(separator: ","))]}"#)
            try await business.refresh()
            let path = "/v1/segments/\(id)/members/\(ada.id)"
            let why = try await api.get(path)
            #expect(try why.status == 200 && why.value("is_member") == .bool(true))
            #expect(try why.value("reason/any/0/found") == .number(70))
            let holds = try ["reason", "reason/any/0", "reason/any/1", "reason/any/2"].map {
                try why.value("\($0)/holds") == .bool(true)
            }
            #expect(holds == [true, true, false, true])
            #expect(try why.value("reason/any/1/found") == .array([]))
            #expect(try why.text("reason/any/2/not/found") == "en")
            let key = try await HTTPFixture.makeKey(business, scopes: [.customersRead, .segmentsRead])
            let told = try await fixture.with(key: key).get(path)
            #expect(try told.value("reason/any/0/found") == .null && told.text("reason/any/2/not/found") == "en")
            #expect(try await api.get("/v1/segments/\(id)/members/\(UUID())").status == 404)
            #expect(try await api.delete(path).text("code") == "rule_segment")
        }
    }

    @Test func `Customers are listed and exported by the segment that they are in now, beside all other filters`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let some = try await business.customers(4)
            let segment = try await business.segment(of: Array(some.prefix(3)))
            let buyer = try await business.customer("Buyer", stage: .actual)
            let rule = try await Self.add(api, "Actual", Self.rule("stage", "eq", #""actual""#))
            try await business.refresh()
            let members = "filter[segment_id]=\(segment.id)"
            let ids = some.map(\.id.description)
            #expect(try await api.get("/v1/customers?\(members)").ids() == Array(ids.prefix(3)))
            #expect(try await api.get("/v1/customers?filter[segment_id]=\(rule)").ids() == [buyer.id.description])
            let page = try await api.get("/v1/customers?\(members)&limit=2&sort=-created_at")
            #expect(try page.ids() == [ids[2], ids[1]])
            let cursor = try #require(try page.text("next_cursor"))
            let next = try await api.get("/v1/customers?\(members)&limit=2&sort=-created_at&cursor=\(cursor)")
            #expect(try next.ids() == [ids[0]])
            let both = "\(members)&filter[stage]=actual"
            #expect(try await api.get("/v1/customers?\(both)").ids() == [])
            func exported(_ query: String) async throws -> [String] {
                try await api.get("/v1/customers/export?\(query)").body.split(separator: "\r\n").dropFirst()
                    .map { String($0.prefix(36)) }
            }
            #expect(try await exported(members) == Array(ids.prefix(3)))
            #expect(try await exported(both) == [])
            // Who has left is in it no more.
            #expect(try await api.delete("/v1/segments/\(segment.id)/members/\(ids[0])").status == 204)
            #expect(try await api.get("/v1/customers?\(members)").ids() == Array(ids[1...2]))
            #expect(try await exported(members) == Array(ids[1...2]))
            #expect(try await api.get("/v1/customers?filter[segment_id]=\(UUID())").ids() == [])
            #expect(
                try await api.get("/v1/customers?filter[segment_id]=all").errors() == ["filter[segment_id] invalid"])
            // Who may not read segments is not told who is in one.
            let blind = fixture.with(key: try await HTTPFixture.makeKey(business, scopes: [.customersRead]))
            for path in ["/v1/customers", "/v1/customers/export"] {
                let refused = try await blind.get("\(path)?\(members)")
                #expect(try refused.status == 403 && refused.text("code") == "forbidden", "\(path)")
                #expect(try await blind.get(path).status == 200)
            }
        }
    }

    @Test func `Ready-made rules can be used as they stand`() async throws {
        try await HTTPFixture.with { fixture in
            let templates = try await fixture.api.get("/v1/segment-templates")
            let names = try templates.list("data").indices.compactMap { try templates.text("data/\($0)/name") }
            #expect(Set(["tier_a", "champions", "hibernating", "detractors"]).isSubset(of: names))
            for index in names.indices {
                let rule = String(
                    decoding: try JSONEncoder().encode(try templates.value("data/\(index)/rule")), as: UTF8.self)
                let made = try await fixture.api.post("/v1/segments/preview", #"{"rule": \#(rule)}"#)
                #expect(try made.status == 200 && made.number("count") == 0)
                #expect(try templates.text("data/\(index)/title/fa")?.isEmpty == false)
            }
            let values = try await fixture.api.get("/v1/customer-values")
            #expect(try values.list("tiers").isEmpty && values.list("cells").isEmpty)
        }
    }
}
