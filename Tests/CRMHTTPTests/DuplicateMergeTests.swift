import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Pairs of customers that are made one, singly and many at once.
@Suite("Merging duplicates", .serialized)
struct DuplicateMergeTests {
    @Test func `The one with more orders survives, then the older one, unless told otherwise`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            let ada = try await pairs.add("Ada", email: "ada@mail.example")
            let buyer = try await pairs.add("Ada", email: "ada@mail.example")
            let bob = try await pairs.add("Bob", email: "bob@mail.example")
            _ = try await pairs.add("Bob", email: "bob@mail.example")
            let cid = try await pairs.add("Cid", email: "cid@mail.example")
            let other = try await pairs.add("Cid", email: "cid@mail.example")
            _ = try await Twins.order(buyer, pairs.business)
            try await pairs.scan()
            func merge(_ customer: String, _ body: String? = nil) async throws -> Answer {
                let id = try #require(try await pairs.ids("?filter[customer_id]=\(customer)").first)
                return try await api.post("/v1/duplicates/\(id)/merge", body)
            }
            func survivor(_ answer: Answer) async throws -> String? {
                let merge = try #require(try answer.text("merge_id"), "\(answer)")
                return try await api.get("/v1/merges/\(merge)").text("survivor_id")
            }
            #expect(try await survivor(merge(ada)) == buyer)
            let second = try await merge(bob)
            #expect(try second.text("state") == "merged")
            #expect(try await survivor(second) == bob)
            let wrong = try await merge(cid, #"{"survivor_id": "\#(bob)"}"#)
            #expect(try wrong.status == 422 && wrong.errors() == ["/survivor_id invalid"])
            #expect(try await survivor(merge(cid, #"{"survivor_id": "\#(other)"}"#)) == other)
            #expect(try await pairs.ids() == [])
            let id = try #require(try second.text("id"))
            for what in ["merge", "dismiss", "reopen"] {
                let late = try await api.post("/v1/duplicates/\(id)/\(what)")
                #expect(try late.status == 409 && late.text("code") == "already_decided", "\(what)")
            }
            #expect(try await api.get("/v1/duplicates/\(id)").text("state") == "merged")
            #expect(try await pairs.ids("?filter[state]=merged").count == 3)
        }
    }

    @Test func `A person and an organisation are not merged, and customers merged otherwise are no pair any more`()
        async throws
    {
        try await Pairs.with { pairs in
            let api = pairs.api
            _ = try await pairs.add("Ada Ltd", email: "ada@mail.example", kind: "organisation")
            _ = try await pairs.add("Ada Ltd", email: "ada@mail.example")
            let bob = try await pairs.add("Bob", email: "bob@mail.example")
            let again = try await pairs.add("Bob", email: "bob@mail.example")
            try await pairs.scan()
            let mixed = try #require(try await pairs.ids().last)
            #expect(try await api.post("/v1/duplicates/\(mixed)/merge").text("code") == "other_kind")
            #expect(try await Twins.merge(api, [again], into: bob).status == 200)
            #expect(try await pairs.ids() == [mixed])
            #expect(try await pairs.ids("?filter[state]=merged&filter[customer_id]=\(again)").count == 1)
        }
    }

    @Test func `Whom a merge that was undone told apart stays apart, and other pairs come back`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            let ada = try await pairs.add("Ada", email: "ada@mail.example")
            let again = try await pairs.add("Ada", email: "ada@mail.example", phone: "0912 345 6789")
            let third = try await pairs.add("Ada", phone: "0912 345 6789")
            try await pairs.scan()
            let stranger = try #require(try await pairs.ids("?filter[customer_id]=\(third)").first)
            _ = try await api.post("/v1/duplicates/\(stranger)/dismiss")
            #expect(try await Twins.merge(api, [again], into: ada).status == 200)
            try await pairs.follow()
            // The survivor has the number now, of which somebody said that it tells nothing.
            #expect(try await pairs.ids() == [])
            #expect(try await pairs.ids("?filter[state]=dismissed&filter[customer_id]=\(ada)").count == 1)
            let merge = try #require(try await api.get("/v1/merges").ids().first)
            #expect(try await api.post("/v1/merges/\(merge)/undo").status == 200)
            try await pairs.follow()
            try await pairs.scan()
            #expect(try await pairs.ids() == [])
            #expect(try await pairs.ids("?filter[state]=dismissed&filter[customer_id]=\(again)").count == 2)
            #expect(try await pairs.ids("?filter[state]=dismissed&filter[customer_id]=\(third)") == [stranger])
            _ = try await api.post("/v1/duplicates/\(stranger)/reopen")
            #expect(try await pairs.list() == ["90 phone name"])
        }
    }

    @Test func `Nothing is kept of pairs of who is forgotten`() async throws {
        try await Pairs.with { pairs in
            let ada = try await pairs.add("Ada", email: "ada@mail.example")
            _ = try await pairs.add("Ada", email: "ada@mail.example")
            try await pairs.scan()
            let known = try await pairs.api.get("/v1/customers/\(ada)/personal-data")
            #expect(try known.list("data/duplicates").count == 1, "\(known)")
            #expect(try await pairs.api.delete("/v1/customers/\(ada)/personal-data").status == 204)
            #expect(try await pairs.business.server.number("SELECT count(*) FROM crm.duplicate") == 0)
        }
    }

    @Test func `Many pairs are merged at once: those that are named, or the likeliest`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            for name in ["Ada", "Bob", "Cid", "Dora"] {
                for _ in 0..<2 { _ = try await pairs.add(name, email: "\(name)@mail.example") }
            }
            for name in ["Eve", "Fay"] { _ = try await pairs.add(name, email: "shared@mail.example") }
            try await pairs.scan()
            let ids = try await pairs.ids()
            #expect(ids.count == 5)
            let few = try await pairs.merge(#"{"duplicate_ids": ["\#(ids[0])", "\#(ids[4])"]}"#)
            #expect(try few.number("merged") == 2 && few.number("total") == 2 && few.text("state") == "finished")
            let gone = try #require(try await api.get("/v1/duplicates/\(ids[1])").text("customers/0/id"))
            #expect(try await api.delete("/v1/customers/\(gone)").status == 204)
            let rest = try await pairs.merge(#"{"minimum_score": 90, "limit": 2}"#)
            #expect(try rest.number("merged") == 1 && rest.number("skipped") == 1 && rest.number("looked_at") == 2)
            #expect(try await pairs.merge().number("merged") == 1)
            #expect(try await pairs.ids() == [])
            for merge in try await api.get("/v1/merges").ids() {
                #expect(try await api.post("/v1/merges/\(merge)/undo").status == 200)
            }
            #expect(try await api.get("/v1/customers").ids().count == 9)
            let unknown = try await api.post("/v1/duplicates/merge", #"{"duplicate_ids": ["\#(UUID().uuidString)"]}"#)
            #expect(try unknown.status == 422 && unknown.errors() == ["/duplicate_ids/0 not_found"])
            let both = try await api.post(
                "/v1/duplicates/merge", #"{"duplicate_ids": ["\#(ids[0])"], "minimum_score": 95}"#)
            #expect(both.status == 422)
        }
    }

    @Test func `Bulk merges, merges by hand, a scan, a file and deletions at once lose nothing and fail nobody`()
        async throws
    {
        try await Pairs.with { pairs in
            let (api, business) = (pairs.api, pairs.business)
            let names = (0..<12).map { "Customer \($0)" }
            func email(_ name: String) -> String { "\(name.replacing(" ", with: "."))@mail.example" }
            for name in names {
                for again in 0..<3 {
                    _ = try await pairs.add(
                        name, email: email(name), reference: "\(name) \("abc".dropFirst(again).prefix(1))")
                }
            }
            try await pairs.scan()
            let ids = try await pairs.ids("?limit=200")
            #expect(ids.count == 36)
            let customers = try await api.get("/v1/customers?limit=200").ids()
            for customer in customers { _ = try await Twins.order(customer, business) }
            let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let run = try await pairs.merge()
                        #expect(try run.text("state") == "finished")
                        return nil
                    }
                }
                group.addTask {
                    try await pairs.scan()
                    return nil
                }
                group.addTask {
                    let rows = names.map { "\($0) b,\($0),\(email($0))\n" }.joined()
                    let report = try await importFile(
                        business.database, business.context, .customers, Array("reference,name,email\n\(rows)".utf8))
                    #expect(report.state == .done && report.counts.rejected == 0, "\(report)")
                    return nil
                }
                for id in ids.prefix(12) {
                    group.addTask {
                        try await api.status { try await api.post("/v1/duplicates/\(id)/merge") }
                    }
                }
                for customer in customers.prefix(3) {
                    group.addTask {
                        try await api.status { try await api.delete("/v1/customers/\(customer)") }
                    }
                }
                return try await group.reduce(into: [Int]()) { $0 += [$1].compactMap(\.self) }
            }
            // Whoever comes too late is told so, and nobody else.
            #expect(Set(statuses).isSubset(of: [200, 204, 404, 409]), "\(statuses)")
            #expect(api.deadlocks == [])
            // The file made those anew that had become others by then.
            try await pairs.follow()
            #expect(try await pairs.merge().text("state") == "finished")
            let left = try await api.get("/v1/customers?limit=200")
            let kept = try left.list("data").indices.compactMap { try left.text("data/\($0)/name") }
            #expect(kept.count == Set(kept).count)
            let orders = try await business.server.number(
                """
                SELECT count(*) FROM crm.customer_order o JOIN crm.customer c ON c.tenant_id = o.tenant_id AND c.id = o.customer_id
                WHERE c.merged_into_id IS NULL
                """)
            #expect(orders == 36)
            let merged = try await pairs.ids("?filter[state]=merged&limit=200").count
            #expect(try await business.server.number("SELECT count(*) FROM crm.merge") == merged)
        }
    }
}
