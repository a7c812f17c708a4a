import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// What markets and departments, and every kind of record, can do.
@Suite("Records")
struct RecordTests {
    private static let trees = ["/v1/markets", "/v1/departments"]
    private static let paths = trees + ["/v1/journey-stages", "/v1/touchpoints", "/v1/products"]

    /// What a new object of the kind has beside its name.
    private static func others(_ api: TestAPI, _ path: String, _ name: String) async throws -> String {
        switch path {
        case "/v1/journey-stages": return #", "position": 1"#
        case "/v1/touchpoints":
            let stage = try await add(api, "/v1/journey-stages", name)
            return #", "position": 1, "stage_id": "\#(stage)""#
        case "/v1/products": return #", "code": "\#(name)""#
        default: return ""
        }
    }

    private static func add(_ api: TestAPI, _ path: String, _ name: String, below parent: String? = nil) async throws
        -> String
    {
        var body = try await #"{"name": "\#(name)""# + others(api, path, name)
        if let parent { body += #", "parent_id": "\#(parent)""# }
        let answer = try await api.post(path, body + "}")
        try #require(answer.status == 201, "\(answer)")
        return try #require(try answer.text("id"))
    }

    @Test(arguments: paths) func `One is added, shown, listed, changed and removed`(path: String) async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let id = try await Self.add(api, path, "One")
            let found = try await api.get("\(path)/\(id)")
            #expect(try found.status == 200 && found.text("name") == "One" && found.headers[.eTag] == "\"1\"")
            let changed = try await api.patch("\(path)/\(id)", #"{"name": "Uno"}"#, headers: [.ifMatch: "\"1\""])
            #expect(try changed.status == 200 && changed.text("name") == "Uno" && changed.number("version") == 2)
            let late = try await api.patch("\(path)/\(id)", #"{"name": "Eins"}"#, headers: [.ifMatch: "\"1\""])
            #expect(late.status == 412)
            _ = try await Self.add(api, path, "Two")
            let list = try await api.get("\(path)?sort=-name")
            #expect(try [list.text("data/0/name"), list.text("data/1/name")] == ["Uno", "Two"])
            #expect(try await api.delete("\(path)/\(id)").status == 204)
            #expect(try await api.get("\(path)/\(id)").status == 404)
            #expect(try await api.delete("\(path)/\(id)").status == 404)
            // The name is free again.
            _ = try await Self.add(api, path, "Uno")
        }
    }

    @Test(arguments: trees) func `Names are unique, whoever is first`(path: String) async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            _ = try await Self.add(api, path, "One")
            let second = try await Self.add(api, path, "Two")
            let again = try await api.post(path, #"{"name": "One"}"#)
            #expect(try again.status == 409 && again.text("code") == "name_taken")
            #expect(try await api.patch("\(path)/\(second)", #"{"name": "One"}"#).status == 409)
        }
    }

    @Test(arguments: trees) func `What stands below others stays below itself by no way`(path: String) async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            var chain = [try await Self.add(api, path, "1")]
            for level in 2...8 { chain.append(try await Self.add(api, path, "\(level)", below: chain[level - 2])) }
            let ninth = try await api.post(path, #"{"name": "9", "parent_id": "\#(chain[7])"}"#)
            #expect(try ninth.status == 422 && ninth.errors() == ["/parent_id too_deep"])
            for below in [0, 3] {
                let cycle = try await api.patch("\(path)/\(chain[0])", #"{"parent_id": "\#(chain[below])"}"#)
                #expect(try cycle.status == 422 && cycle.errors() == ["/parent_id cycle"])
            }
            // With all that stands below it.
            let other = try await Self.add(api, path, "other")
            let deep = try await api.patch("\(path)/\(chain[0])", #"{"parent_id": "\#(other)"}"#)
            #expect(try deep.errors() == ["/parent_id too_deep"])
            #expect(try await api.patch("\(path)/\(chain[4])", #"{"parent_id": null}"#).status == 200)
            #expect(try await api.patch("\(path)/\(chain[0])", #"{"parent_id": "\#(other)"}"#).status == 200)
            // What others stand below is not removed.
            let used = try await api.delete("\(path)/\(other)")
            #expect(try used.status == 409 && used.text("code") == "in_use")
            #expect(try await api.delete("\(path)/\(chain[3])").status == 204)
            let gone = try await api.post(path, #"{"name": "x", "parent_id": "\#(chain[3])"}"#)
            #expect(try gone.status == 422 && gone.errors() == ["/parent_id not_found"])
        }
    }

    @Test(arguments: trees) func `Of two that are moved below each other at once one is refused`(path: String)
        async throws
    {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let (one, two) = (try await Self.add(api, path, "One"), try await Self.add(api, path, "Two"))
            for _ in 0..<5 {
                async let first = api.patch("\(path)/\(one)", #"{"parent_id": "\#(two)"}"#).status
                async let second = api.patch("\(path)/\(two)", #"{"parent_id": "\#(one)"}"#).status
                #expect(try await [first, second].sorted() == [200, 422])
                for id in [one, two] { _ = try await api.patch("\(path)/\(id)", #"{"parent_id": null}"#) }
            }
        }
    }

    @Test func `A patch is read as the whole is, and every fault is told`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let made = try await api.post(
                "/v1/markets",
                #"{"name": "M", "customer_estimate": 7, "yearly_value": {"amount": "12.50", "currency": "IRR"}}"#)
            let path = "/v1/markets/\(try #require(try made.text("id")))"
            let bad = try await api.patch(
                path,
                #"{"name": " ", "customer_estimate": -1, "yearly_value": {"amount": "-1"}, "parent_id": "x", "size": 1}"#
            )
            #expect(bad.status == 422)
            #expect(
                try bad.errors().sorted() == [
                    "/customer_estimate range", "/name length", "/parent_id invalid", "/size unknown",
                    "/yearly_value/amount range",
                ])
            #expect(try await api.patch(path, #"{"name": null}"#).errors() == ["/name required"])
            let changed = try await api.patch(path, #"{"customer_estimate": null, "yearly_value": {"amount": "13"}}"#)
            #expect(changed.status == 200)
            #expect(try changed.text("yearly_value/amount") == "13" && changed.text("yearly_value/currency") == "IRR")
            #expect(try await api.patch(path, #"{"yearly_value": null}"#).status == 200)
            let actions = try await fixture.business.server.texts(
                "SELECT action FROM crm.event ORDER BY occurred_at, id")
            #expect(actions.filter { $0 == "market.updated" }.count == 2)
        }
    }

    @Test(arguments: trees) func `A list shows what stands right below one`(path: String) async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let top = try await Self.add(api, path, "top")
            let below = try await Self.add(api, path, "below", below: top)
            _ = try await Self.add(api, path, "further below", below: below)
            let list = try await api.get("\(path)?filter[parent_id]=\(top)")
            #expect(try list.text("data/0/id") == below && list.text("data/1/id") == nil)
            #expect(try await api.get("\(path)?filter[parent_id]=top").status == 400)
        }
    }

    @Test func `The journey is listed in its order, and a touchpoint needs its stage`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            var stages: [String] = []
            for (name, position) in [("Use", 3), ("Search", 1), ("Purchase", 2)] {
                let made = try await api.post("/v1/journey-stages", #"{"name": "\#(name)", "position": \#(position)}"#)
                stages.append(try #require(try made.text("id")))
            }
            var (names, path) = ([String](), "/v1/journey-stages?limit=2")
            while true {
                let page = try await api.get(path)
                for index in 0..<2 { if let name = try page.text("data/\(index)/name") { names.append(name) } }
                guard let cursor = try page.text("next_cursor") else { break }
                path = "/v1/journey-stages?limit=2&cursor=\(cursor)"
            }
            #expect(names == ["Search", "Purchase", "Use"])
            let lost = try await api.post(
                "/v1/touchpoints",
                #"{"name": "x", "position": 0, "stage_id": "\#(UUID())", "department_id": "\#(UUID())"}"#)
            #expect(try lost.errors() == ["/position range"])
            let nowhere = try await api.post(
                "/v1/touchpoints",
                #"{"name": "x", "position": 1, "stage_id": "\#(UUID())", "department_id": "\#(UUID())"}"#)
            #expect(try nowhere.errors().sorted() == ["/department_id not_found", "/stage_id not_found"])
            let touchpoint = try await api.post(
                "/v1/touchpoints",
                #"{"name": "The basket", "position": 1, "stage_id": "\#(stages[2])", "is_moment_of_truth": true}"#)
            #expect(touchpoint.status == 201)
            #expect(try await api.delete("/v1/journey-stages/\(stages[2])").text("code") == "in_use")
            let list = try await api.get("/v1/touchpoints?filter[stage_id]=\(stages[2])")
            #expect(try list.text("data/0/name") == "The basket")
            // A moment of truth when it is said to be one, and no other.
            #expect(try list.value("data/0/is_moment_of_truth") == .bool(true))
            let id = try #require(try touchpoint.text("id"))
            let plain = try await api.patch("/v1/touchpoints/\(id)", #"{"is_moment_of_truth": false}"#)
            #expect(try plain.status == 200 && plain.value("is_moment_of_truth") == .bool(false))
            #expect(try await api.get("/v1/touchpoints/\(id)").value("is_moment_of_truth") == .bool(false))
            let silent = try await api.post(
                "/v1/touchpoints", #"{"name": "The till", "position": 2, "stage_id": "\#(stages[2])"}"#)
            #expect(try silent.value("is_moment_of_truth") == .bool(false))
            let till = try #require(try silent.text("id"))
            #expect(try await api.delete("/v1/touchpoints/\(till)").status == 204)
            #expect(try await api.delete("/v1/touchpoints/\(id)").status == 204)
            #expect(try await api.delete("/v1/journey-stages/\(stages[2])").status == 204)
        }
    }

    @Test func `A stage that is removed while something is put into it keeps it out, or stays`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            for round in 0..<10 {
                let stage = try await Self.add(api, "/v1/journey-stages", "Stage \(round)")
                async let removed = api.delete("/v1/journey-stages/\(stage)").status
                async let added = api.post(
                    "/v1/touchpoints", #"{"name": "Point \#(round)", "position": 1, "stage_id": "\#(stage)"}"#
                ).status
                let outcome = try await [removed, added]
                #expect(outcome == [204, 422] || outcome == [409, 201], "\(outcome)")
            }
        }
    }

    @Test func `A product is known by its code, and followed by another, never by itself`() async throws {
        try await HTTPFixture.with { fixture in
            let api = fixture.api
            let (old, new) = (
                try await Self.add(api, "/v1/products", "P1"), try await Self.add(api, "/v1/products", "P2")
            )
            let again = try await api.post("/v1/products", #"{"code": "P1", "name": "Another"}"#)
            #expect(try again.status == 409 && again.text("code") == "code_taken")
            let followed = try await api.patch(
                "/v1/products/\(old)",
                #"{"state": "outdated", "successor_id": "\#(new)", "price": {"amount": "12.5", "currency": "GBP"}}"#)
            #expect(try followed.text("state") == "outdated" && followed.text("price/amount") == "12.5")
            let ring = try await api.patch("/v1/products/\(new)", #"{"successor_id": "\#(old)"}"#)
            #expect(try ring.errors() == ["/successor_id cycle"])
            #expect(try await api.delete("/v1/products/\(new)").text("code") == "in_use")
            let list = try await api.get("/v1/products?filter[state][in]=weak,outdated&sort=code")
            #expect(try list.text("data/0/id") == old && list.text("data/1/id") == nil)
            #expect(try await api.get("/v1/products?filter[state]=new").status == 400)
            let margin = try await api.patch("/v1/products/\(old)", #"{"cost": {"amount": "1", "currency": "IRR"}}"#)
            #expect(try margin.errors() == ["/cost/currency currency"])
        }
    }

    @Test func `A product that only a deleted order has may be removed`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let pen = try await business.record(ProductValues(code: "PEN", name: "Pen")).id
            let line = #"{"product_id": "\#(pen)", "unit_price": "5"}"#
            let made = try await api.post(
                "/v1/orders", #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-02", "lines": [\#(line)]}"#)
            #expect(try await api.delete("/v1/products/\(pen)").status == 409)
            #expect(try await api.delete("/v1/orders/\(try made.text("id") ?? "")").status == 204)
            #expect(try await api.delete("/v1/products/\(pen)").status == 204)
        }
    }
}
