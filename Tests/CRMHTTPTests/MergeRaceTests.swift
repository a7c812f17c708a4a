import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Merges beside others, and beside what else happens with their customers.
@Suite("Merges at once")
struct MergeRaceTests {
    @Test func `Merges both ways, orders and deletions at once lose nothing`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let ids = try await business.customers(8).map(\.id.description)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for (left, right) in zip(ids, ids.dropFirst()) {
                    group.addTask { try await api.status { try await Twins.merge(api, [right], into: left) } }
                    group.addTask { try await api.status { try await Twins.merge(api, [left], into: right) } }
                    group.addTask {
                        let body = #"{"customer_id": "\#(left)", "ordered_on": "2026-01-01", "amount": "5"}"#
                        return try await api.status { try await api.post("/v1/orders", body) } == 201 ? 1 : 0
                    }
                }
                group.addTask {
                    try await api.status { try await api.delete("/v1/customers/\(ids[7])") } == 204 ? 2 : 0
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            // Whoever comes too late is told so, and nobody else.
            #expect(Set(statuses).isSubset(of: [0, 1, 2, 200, 404, 422]), "\(statuses)")
            #expect(api.deadlocks == [])
            let left = try await api.get("/v1/customers").ids()
            #expect(left.count == 8 - statuses.count { $0 == 200 || $0 == 2 })
            // Of who was deleted nothing is shown, but nothing is lost either.
            if statuses.contains(2) {
                #expect(try await api.status { try await api.post("/v1/customers/\(ids[7])/restore") } == 200)
            }
            let there = try await api.get("/v1/customers").ids()
            let orders = try await api.get("/v1/orders")
            let owners = try orders.list("data").indices.compactMap { try orders.text("data/\($0)/customer_id") }
            #expect(owners.count == statuses.count { $0 == 1 } && Set(owners).isSubset(of: there))
        }
    }

    @Test func `A merge is undone once, whoever else undoes it, and what comes at the same time stays`() async throws {
        for _ in 0..<5 {
            try await Twins.withTwo { fixture, ada, again in
                let (api, server) = (fixture.api, fixture.business.server)
                #expect(try await Twins.merge(api, [again], into: ada).status == 200)
                let merge = try #require(try await api.get("/v1/merges").ids().first)
                @Sendable func order(_ customer: String) async throws -> Int {
                    let body = #"{"customer_id": "\#(customer)", "ordered_on": "2026-01-01", "amount": "5"}"#
                    return try await api.status { try await api.post("/v1/orders", body) }
                }
                let outcomes = try await withThrowingTaskGroup(of: (String, Int).self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            ("undo", try await api.status { try await api.post("/v1/merges/\(merge)/undo") })
                        }
                        group.addTask { ("ada", try await order(ada)) }
                        group.addTask { ("again", try await order(again)) }
                    }
                    group.addTask {
                        let change = #"{"source": "expo", "tags": ["a", "both", "b", "new"]}"#
                        return ("change", try await api.status { try await api.patch("/v1/customers/\(ada)", change) })
                    }
                    return try await group.reduce(into: [String: [Int]]()) { $0[$1.0, default: []].append($1.1) }
                }
                #expect(outcomes["undo"]?.sorted() == [200, 409, 409], "\(outcomes)")
                #expect(outcomes["ada"] == [201, 201, 201] && outcomes["change"] == [200], "\(outcomes)")
                // Who is not back yet cannot buy.
                #expect(Set(outcomes["again"] ?? []).isSubset(of: [201, 422]), "\(outcomes)")
                #expect(api.deadlocks == [])
                func orders(_ customer: String) async throws -> Int {
                    try await api.get("/v1/orders?filter[customer_id]=\(customer)").ids().count
                }
                #expect(try await orders(ada) == 3)
                #expect(try await orders(again) == 1 + (outcomes["again"] ?? []).count { $0 == 201 })
                let (survivor, back) = (
                    try await api.get("/v1/customers/\(ada)"), try await api.get("/v1/customers/\(again)")
                )
                // Changed before or after the undo, it is the client's word that holds; what only the other one had is gone with her.
                #expect(try survivor.text("source") == "expo" && survivor.value("references") == .object([:]))
                #expect(
                    try survivor.value("tags/0") == .string("a") && survivor.body.contains(#""new""#), "\(survivor)")
                #expect(try back.text("name") == "Ada L." && back.text("references/shop") == "7")
                #expect(try back.list("contact_points").count == 2)
                #expect(
                    try await server.number("SELECT count(*) FROM crm.event WHERE action = 'customer.separated'") == 1)
            }
        }
    }

    @Test func `A deadlock that PostgreSQL has to end reaches nobody, and where it does it is seen`() async throws {
        try await HTTPFixture.with { fixture in
            let business = fixture.business
            // Long enough for the others to come into its way, who look much later.
            try await business.server.execute(
                "ALTER ROLE mehvar_app IN DATABASE \(business.server.name) SET deadlock_timeout = '3s'")
            #expect(try await Self.merge(fixture.api, business) == 200)
            #expect(fixture.api.deadlocks == [])
            // Run only once, it is told to the client, and to the log.
            var configuration = business.server.configuration(user: "mehvar_app")
            configuration.maximumRetries = 0
            try await TestAPI.with(business.server, key: fixture.key, pool: Pool(configuration)) { api in
                let status = try await Self.merge(api, business)
                #expect(status == 503)
                #expect(api.deadlocks.count == 1 && api.deadlocks[0].contains("merge.lock_customers"))
            }
        }
    }

    /// The status of a merge that gets into a deadlock with somebody who locks the same customers the other way round.
    private static func merge(_ api: TestAPI, _ business: Business) async throws -> Int {
        let ids = try await business.customers(2).map(\.id.description)
        return try await Connection.with(business.server.configuration()) { holder in
            func lock(_ id: String) -> String { "SELECT FROM crm.customer WHERE id = '\(id)' FOR UPDATE;" }
            // PostgreSQL ends whoever looks for a deadlock first.
            try await holder.execute(
                script: "BEGIN; SET LOCAL deadlock_timeout = '1min'; \(lock(ids[1]))", name: "test.hold")
            async let merged = Twins.merge(api, [ids[1]], into: ids[0])
            try await eventually {
                try await business.server.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ) == 1
            }
            try await holder.execute(script: "\(lock(ids[0])) COMMIT", name: "test.cross")
            return try await merged.status
        }
    }
}
