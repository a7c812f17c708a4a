import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import CRMHTTP

/// Merges of many pairs that are undone as a whole.
@Suite("Undoing merges of many pairs", .serialized)
struct UndoneRunTests {
    /// Customers of these names, each twice, whom a run has made one.
    private func withMerged(
        _ names: [String], _ body: @escaping @Sendable (Pairs, _ run: String) async throws -> Void
    ) async throws {
        try await Pairs.with { pairs in
            for name in names {
                for _ in 0..<2 {
                    _ = try await pairs.add(name, email: "\(name.replacing(" ", with: "."))@mail.example")
                }
            }
            try await pairs.scan()
            let run = try await pairs.merge()
            #expect(try run.number("merged") == names.count)
            try await body(pairs, try #require(try run.text("id")))
        }
    }

    @Test func `All merges of a run are undone, and nobody's else`() async throws {
        try await withMerged(["Ada", "Bob", "Cid"]) { pairs, run in
            let api = pairs.api
            let (dora, again) = (try await pairs.add("Dora"), try await pairs.add("Dora"))
            #expect(try await Twins.merge(api, [again], into: dora).status == 200)
            let merges = try await api.get("/v1/merges?filter[run_id]=\(run)")
            #expect(try merges.ids().count == 3 && merges.text("data/0/run_id") == run)
            #expect(try await api.get("/v1/merges").ids().count == 4)
            #expect(try await api.get("/v1/customers").ids().count == 4)

            let begun = try await api.post("/v1/duplicate-runs/\(run)/undo")
            #expect(try begun.text("kind") == "undo" && begun.text("state") == "waiting")
            #expect(try begun.text("undone_run_id") == run && begun.number("total") == 3)
            let id = try #require(try begun.text("id"))
            #expect(begun.headers[.location] == "/v1/duplicate-runs/\(id)")
            try await withOutbox { outbox in
                try await withHandlers(on: pairs.business.server, transport: outbox.transport()) { _ in
                    try await eventually {
                        try await api.get("/v1/duplicate-runs/\(id)").text("state") == "finished"
                    }
                }
            }
            let ended = try await api.get("/v1/duplicate-runs/\(id)")
            #expect(try ended.number("undone") == 3 && ended.number("skipped") == 0)
            #expect(try ended.number("looked_at") == 3 && ended.number("merged") == 0)

            #expect(try await api.get("/v1/customers").ids().count == 7)
            #expect(try await api.get("/v1/merges?filter[run_id]=\(run)&filter[is_undone]=true").ids().count == 3)
            #expect(try await api.get("/v1/merges?filter[is_undone]=false").ids().count == 1)
            // Whom somebody told apart is not merged again.
            try await pairs.follow()
            #expect(try await pairs.ids() == [])
            let asked = try await api.get("/v1/audit?filter[action]=duplicates.undo_requested")
            #expect(try asked.text("data/0/object_id") == id && asked.text("data/0/data/undone_run_id") == run)
            #expect(try await api.get("/v1/audit?filter[action]=customer.restored").ids().count == 3)
            #expect(try await api.get("/v1/audit?filter[action]=customer.separated").ids().count == 3)
        }
    }

    @Test func `What was undone by hand, is too old or has changed too much since is passed over`() async throws {
        try await withMerged(["Ada", "Bob", "Cid", "Dora"]) { pairs, run in
            let api = pairs.api
            let merges = try await api.get("/v1/merges?filter[run_id]=\(run)")
            let ids = try merges.ids()
            #expect(try await api.post("/v1/merges/\(ids[0])/undo").status == 200)
            let erased = try #require(try merges.text("data/1/survivor_id"))
            #expect(try await api.delete("/v1/customers/\(erased)/personal-data").status == 204)
            let old = try #require(UUID(uuidString: ids[3]))
            try await pairs.business.server.run(
                "UPDATE crm.merge SET created_at = created_at - interval '31 days' WHERE id = \(old)")
            let ended = try await pairs.undo(run)
            #expect(try ended.number("undone") == 1 && ended.number("skipped") == 3 && ended.number("total") == 4)
            #expect(try ended.text("state") == "finished" && ended.value("error") == .null)
            let left = try await api.get("/v1/merges?filter[run_id]=\(run)&filter[is_undone]=false").ids()
            #expect(Set(left) == [ids[1], ids[3]])
            #expect(try await api.get("/v1/customers").ids().count == 5)
            // Trying again finds nothing more.
            #expect(try await pairs.undo(run).number("skipped") == 4)
        }
    }

    @Test func `Several who were made one with the same customer, one by one, are what they were`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            let ada = try await pairs.add("Ada", email: "ada@mail.example")
            let second = try await pairs.add("Ada", email: "ada@mail.example", phone: "0912 345 6789")
            let third = try await pairs.add("Ada", email: "ada@mail.example", born: "1990-01-02")
            let others = [second, third]
            for other in others { _ = try await Twins.order(other, pairs.business) }
            _ = try await Twins.order(ada, pairs.business)
            _ = try await Twins.order(ada, pairs.business)
            let before = try await values([ada] + others, api)
            try await pairs.scan()
            let run = try await pairs.merge()
            // The third pair's customers were gone by then.
            #expect(try run.number("merged") == 2 && run.number("skipped") == 1)
            #expect(try await api.get("/v1/customers").ids() == [ada])
            #expect(try await api.get("/v1/customers/\(ada)").text("birth_date") == "1990-01-02")
            #expect(try await pairs.undo(try #require(try run.text("id"))).number("undone") == 2)
            #expect(try await values([ada] + others, api) == before)
            for (customer, count) in [(ada, 2), (second, 1), (third, 1)] {
                #expect(try await api.get("/v1/orders?filter[customer_id]=\(customer)").ids().count == count)
            }
            // Nor are those merged again who were one through a third.
            try await pairs.scan()
            #expect(try await pairs.ids() == [])
        }
    }

    @Test func `Who was made one with somebody who then became another comes back after that one`() async throws {
        try await Pairs.with { pairs in
            let api = pairs.api
            // The likelier pair first: the one without orders goes, then the survivor into the one with most.
            let first = try await pairs.add("Ada", email: "ada@mail.example", phone: "0912 345 6789")
            let second = try await pairs.add("Ada", phone: "0912 345 6789", reference: "identity-1")
            let last = try await pairs.add("Ada", reference: "identity 1")
            _ = try await Twins.order(second, pairs.business)
            for _ in 0..<2 { _ = try await Twins.order(last, pairs.business) }
            try await pairs.scan()
            let ids = try await pairs.ids("?filter[customer_id]=\(first)") + pairs.ids("?filter[customer_id]=\(last)")
            let named = ids.map { #""\#($0)""# }.joined(separator: ", ")
            let run = try await pairs.merge(#"{"duplicate_ids": [\#(named)]}"#)
            #expect(try run.number("merged") == 2)
            #expect(try await api.get("/v1/customers").ids() == [last])
            let ended = try await pairs.undo(try #require(try run.text("id")))
            #expect(try ended.number("undone") == 2 && ended.number("skipped") == 0)
            #expect(Set(try await api.get("/v1/customers").ids()) == [first, second, last])
            // Nor are the first and the last ever merged unasked, who were one through the second.
            let apart = try await pairs.ids("?filter[state]=dismissed")
            #expect(apart.count == 3)
        }
    }

    @Test func `An undoing that broke off goes on where it was`() async throws {
        try await withMerged(["Ada", "Bob", "Cid"]) { pairs, run in
            let (api, server) = (pairs.api, pairs.business.server)
            let begun = try await api.post("/v1/duplicate-runs/\(run)/undo")
            let id = try #require(try begun.text("id"))
            // The oldest merge fails.
            let merges = try await api.get("/v1/merges?filter[run_id]=\(run)").ids()
            try await fail(merges[2], on: server)
            await #expect(throws: PostgresError.self) { _ = try await pairs.end(begun) }
            let broken = try await api.get("/v1/duplicate-runs/\(id)")
            #expect(try broken.text("state") == "running" && broken.number("undone") == 2)
            #expect(try await api.get("/v1/merges?filter[is_undone]=true").ids() == Array(merges.prefix(2)))
            try await server.run("DROP TRIGGER fail ON crm.merge")
            let ended = try await pairs.end(begun)
            #expect(try ended.number("undone") == 3 && ended.number("skipped") == 0)
            #expect(try await api.get("/v1/customers").ids().count == 6)
            #expect(try await api.get("/v1/audit?filter[action]=customer.restored").ids().count == 3)
        }
    }

    @Test func `What fails again and again keeps nobody else from coming back`() async throws {
        try await withMerged(["Ada", "Bob", "Cid"]) { pairs, run in
            let (api, server) = (pairs.api, pairs.business.server)
            let begun = try await api.post("/v1/duplicate-runs/\(run)/undo")
            let id = try #require(try begun.text("id").flatMap(DuplicateRun.ID.init))
            let merges = try await api.get("/v1/merges?filter[run_id]=\(run)").ids()
            try await fail(merges[1], on: server)
            let merger = DuplicateMerger(database: pairs.business.database)
            let context = pairs.business.context
            await #expect(throws: PostgresError.self) {
                _ = try await merger.goOn(context, id, skipping: nil)
            }
            var skipped: [any Error] = []
            #expect(try await merger.goOn(context, id) { skipped.append($0) })
            #expect(skipped.count == 1 && skipped.first is PostgresError)
            let ended = try await api.get("/v1/duplicate-runs/\(id)")
            #expect(
                try ended.text("state") == "finished" && ended.number("undone") == 2 && ended.number("skipped") == 1)
            #expect(try await api.get("/v1/merges?filter[is_undone]=false").ids() == [merges[1]])
            try await server.run("DROP TRIGGER fail ON crm.merge")
        }
    }

    @Test func `Merges that do not know their run are told as passed over`() async throws {
        try await withMerged(["Ada", "Bob", "Cid"]) { pairs, run in
            let merges = try await pairs.api.get("/v1/merges?filter[run_id]=\(run)").ids()
            let unknown = try #require(UUID(uuidString: merges[0]))
            try await pairs.business.server.run("UPDATE crm.merge SET run_id = NULL WHERE id = \(unknown)")
            let ended = try await pairs.undo(run)
            #expect(try ended.number("total") == 3 && ended.number("undone") == 2 && ended.number("skipped") == 1)
            #expect(try ended.number("looked_at") == 3 && ended.text("state") == "finished")
        }
    }

    @Test
    func `Whoever goes on with the same run, or undoes by hand, at once undoes nothing twice and leaves nothing out`()
        async throws
    {
        try await withMerged((0..<8).map { "Customer \($0)" }) { pairs, run in
            let api = pairs.api
            let begun = try await api.post("/v1/duplicate-runs/\(run)/undo")
            let merges = try await api.get("/v1/merges?filter[run_id]=\(run)").ids()
            // By hand the older half and none twice, so that the others are the run's.
            let statuses = try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let ended = try await pairs.end(begun)
                        #expect(try ended.text("state") == "finished")
                        return nil
                    }
                }
                for merge in merges.suffix(4) {
                    group.addTask { try await api.status { try await api.post("/v1/merges/\(merge)/undo") } }
                }
                return try await group.reduce(into: [Int]()) { $0 += [$1].compactMap(\.self) }
            }
            #expect(Set(statuses).isSubset(of: [200, 409]), "\(statuses)")
            #expect(api.deadlocks == [])
            let ended = try await api.get("/v1/duplicate-runs/\(try begun.text("id") ?? "")")
            let byHand = statuses.filter { $0 == 200 }.count
            #expect(try ended.number("undone") == 8 - byHand && ended.number("skipped") == byHand, "\(ended)")
            #expect(try await api.get("/v1/customers").ids().count == 16)
            #expect(try await api.get("/v1/audit?filter[action]=customer.restored").ids().count == 8)
        }
    }

    @Test func `A run is undone once at a time, when it has ended, and only where it merged`() async throws {
        try await withMerged(["Ada", "Bob"]) { pairs, run in
            let api = pairs.api
            func refusal(_ id: String?) async throws -> String? {
                let answer = try await api.post("/v1/duplicate-runs/\(id ?? "")/undo")
                return "\(answer.status) \(try answer.text("code") ?? "") \(try answer.text("detail") ?? "")"
            }
            let scan = try #require(try await pairs.scan().text("id"))
            #expect(try await refusal(scan) == "409 not_undoable It is no merge of many pairs.")
            let late = try await pairs.merge()
            #expect(try await refusal(late.text("id")) == "409 not_undoable It has no merges.")
            let waiting = try await api.post("/v1/duplicates/merge")
            #expect(try await refusal(waiting.text("id")) == "409 not_undoable It has not ended.")
            let begun = try await api.post("/v1/duplicate-runs/\(run)/undo", headers: [.idempotencyKey: "one"])
            #expect(try await refusal(run) == "409 not_undoable It is being undone.")
            #expect(try await refusal(begun.text("id")) == "409 not_undoable It is no merge of many pairs.")
            let replayed = try await api.post("/v1/duplicate-runs/\(run)/undo", headers: [.idempotencyKey: "one"])
            #expect(try replayed.status == 202 && replayed.text("id") == begun.text("id"))
            #expect(try await refusal(UUID().uuidString)?.hasPrefix("404 not_found") == true)
            #expect(try await pairs.end(begun).number("undone") == 2)
        }
    }

    @Test func `Another business's run is not found, and who may not undo one merge may not undo many`() async throws {
        try await withMerged(["Ada"]) { pairs, run in
            var api = pairs.api
            api.key = try await HTTPFixture.makeKey(try await Business(in: pairs.business.server, slug: "other"))
            #expect(try await api.post("/v1/duplicate-runs/\(run)/undo").status == 404)
            #expect(try await api.get("/v1/merges?filter[run_id]=\(run)").ids() == [])
            api.key = try await HTTPFixture.makeKey(pairs.business, scopes: [.customersRead])
            #expect(try await api.post("/v1/duplicate-runs/\(run)/undo").status == 403)
            #expect(try await api.get("/v1/merges?filter[run_id]=\(run)").ids().count == 1)
        }
    }

    /// Lets a merge's undoing fail, as it would where the database goes away.
    private func fail(_ merge: String, on server: TestDatabase) async throws {
        try await Connection.with(server.configuration()) { connection in
            try await connection.execute(
                script: """
                    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''away''; END';
                    CREATE TRIGGER fail BEFORE UPDATE ON crm.merge FOR EACH ROW WHEN (NEW.id = '\(merge)')
                        EXECUTE FUNCTION public.fail();
                    """, name: "test.fail")
        }
    }

    /// What the customers are like.
    private func values(_ ids: [String], _ api: TestAPI) async throws -> [String] {
        var found: [String] = []
        for id in ids {
            let customer = try await api.get("/v1/customers/\(id)")
            let points = try customer.list("contact_points").indices.map {
                try customer.text("contact_points/\($0)/address") ?? ""
            }
            found.append("\(try customer.text("name") ?? "") \(try customer.text("birth_date") ?? "-") \(points)")
        }
        return found
    }
}
