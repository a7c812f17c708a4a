import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// Who is in a segment follows what happens with customers.
@Suite("Fresh segments")
struct SegmentRefreshTests {
    private static func leaf(_ field: String, _ op: String, _ value: JSONNode) -> JSONNode {
        .object(["field": .string(field), "op": .string(op), "value": value])
    }

    private static func segment(_ name: String, _ rule: JSONNode, _ business: Business) async throws -> Segment.ID {
        try await business.segments.create(
            business.context, SegmentValues(name: name, kind: .rule, rule: rule)
        ).id
    }

    private static func members(_ id: Segment.ID, _ business: Business) async throws -> [String] {
        try await business.memberships.list(business.context, of: id, PageRequest(limit: 200)).items.map(\.values.name)
    }

    private static func order(_ customer: Customer, _ business: Business) async throws -> Order {
        var values = OrderValues(customerID: customer.id, orderedOn: LocalDate(daysSince2000: 9700))
        values.amount = 10
        return try await OrderService(database: business.database).create(business.context, values)
    }

    private static func withWorker(_ business: Business, _ body: () async throws -> Void) async throws {
        try await withOutbox { outbox in
            try await withHandlers(on: business.server, transport: outbox.transport()) { _ in try await body() }
        }
    }

    @Test func `Members follow what changes, whichever way it does, and what builds on them too`()
        async throws
    {
        try await Business.with { business in
            let (context, database) = (business.context, business.database)
            let ada = try await business.customer("Ada")
            let bob = try await business.customer("Bob")
            let chosen = try await business.segment("Chosen", of: [])
            let buyers = try await Self.segment("Buyers", Self.leaf("orders.count", "gte", .number(1)), business)
            let called = try await Self.segment("Called", Self.leaf("interactions.count", "gte", .number(1)), business)
            let tagged = try await Self.segment("Tagged", Self.leaf("tags", "eq", .string("vip")), business)
            let agreed = try await Self.segment("Agreed", Self.leaf("consents", "eq", .string("sms")), business)
            let both = try await Self.segment(
                "Both",
                .object([
                    "any": .array([
                        Self.leaf("segments", "eq", .string(buyers.description)),
                        Self.leaf("segments", "eq", .string(chosen.id.description)),
                    ])
                ]), business)
            func expect(_ id: Segment.ID, _ names: [String]) async throws {
                try await eventually { try await Self.members(id, business) == names }
                guard let rule = try await business.segments.find(context, id).values.rule else { return }
                // And so do those of whom it is only asked.
                try await eventually { try await business.segments.preview(context, rule).count == names.count }
            }
            try await Self.withWorker(business) {
                let order = try await Self.order(ada, business)
                try await expect(buyers, ["Ada"])
                try await expect(both, ["Ada"])
                _ = try await business.memberships.add(context, [bob.id], to: chosen.id)
                try await expect(both, ["Ada", "Bob"])
                _ = try await OrderService(database: database).remove(context, order.id)
                try await expect(buyers, [])
                try await business.memberships.remove(context, bob.id, from: chosen.id)
                try await expect(both, [])
                let call = try await business.record(InteractionValues(customerID: bob.id, type: .call))
                try await expect(called, ["Bob"])
                _ = try await RecordService<InteractionValues>(database: database).remove(context, call.id)
                try await expect(called, [])
                _ = try await ConsentService(database: database).record(
                    context, NewConsent(customerID: bob.id, channel: .sms, isGranted: true))
                try await expect(agreed, ["Bob"])
                _ = try await business.customers.update(context, ada.id, ifVersion: nil) { values in
                    var values = values
                    values.tags = ["vip"]
                    return values
                }
                try await expect(tagged, ["Ada"])
                try await business.customers.delete(context, ada.id)
                try await eventually {
                    try await business.segments.find(context, tagged).memberCount == 0
                }
                try await expect(tagged, [])
                _ = try await business.customers.restore(context, ada.id)
                try await expect(tagged, ["Ada"])
                try await PrivacyService(database: database).erase(context, ada.id)
                try await eventually {
                    try await business.segments.find(context, tagged).memberCount == 0
                }
            }
        }
    }

    @Test func `An imported file is looked after, a small one and a large one`() async throws {
        try await Business.with { business in
            let everybody = try await Self.segment("All", Self.leaf("kind", "eq", .string("person")), business)
            let buyers = try await Self.segment("Buyers", Self.leaf("orders.amount", "gte", .number(7)), business)
            func imported(_ kind: FileImport.Kind, _ text: String) async throws {
                _ = try await importFile(business.database, business.context, kind, Array(text.utf8))
            }
            try await Self.withWorker(business) {
                for (first, count) in [(0, 20), (20, 700)] {
                    let rows = (first..<first + count).map { "R\($0),Customer \($0)" }.joined(separator: "\n")
                    try await imported(.customers, "reference,name\n\(rows)\n")
                    try await imported(.orders, "customer_ref,ordered_on,amount\nR\(first),2026-01-01,7\n")
                    try await eventually {
                        try await business.segments.find(business.context, everybody).memberCount == first + count
                    }
                    try await eventually {
                        try await Self.members(buyers, business).contains("Customer \(first)")
                    }
                }
            }
        }
    }

    @Test func `Entries and exits are kept, of the segment newest first and of the customer`() async throws {
        try await Business.with { business in
            let context = business.context
            let ada = try await business.customer("Ada")
            let bob = try await business.customer("Bob")
            let id = try await Self.segment("Actual", Self.leaf("stage", "eq", .string("actual")), business)
            func set(_ customer: Customer, _ stage: Customer.Stage) async throws {
                _ = try await business.customers.update(context, customer.id, ifVersion: nil) { values in
                    var values = values
                    values.stage = stage
                    return values
                }
                try await business.refresh()
            }
            try await set(ada, .actual)
            try await set(bob, .actual)
            try await set(ada, .lost)
            try await set(ada, .actual)
            let changes = try await business.memberships.changes(context, of: id, PageRequest()).items
            #expect(
                changes.map { "\($0.customerID == ada.id ? "Ada" : "Bob") \($0.change)" }
                    == ["Ada entered", "Ada left", "Bob entered", "Ada entered"])
            var (page, paged) = (try PageRequest<SegmentChange>(limit: 1), [SegmentChange]())
            while true {
                let next = try await business.memberships.changes(context, of: id, page)
                paged += next.items
                guard let cursor = next.nextCursor else { break }
                page = try PageRequest(limit: 1, cursor: cursor)
            }
            #expect(paged.map(\.changedAt) == changes.map(\.changedAt))
            let stays = try await business.memberships.stays(context, of: ada.id, PageRequest()).items
            #expect(stays.count == 2 && stays[0].leftAt == nil && stays[1].leftAt == changes[1].changedAt)
            #expect(stays[0].enteredAt == changes[0].changedAt && stays[1].enteredAt == changes[3].changedAt)
            #expect(try await business.segments.find(context, id).memberCount == 2)
        }
    }

    @Test func `Tiers share out the revenue, and equals are in one fifth`() async throws {
        try await Business.with { business in
            for (name, amount) in [("A", 800), ("B", 100), ("C", 60), ("D", 30), ("E", 10), ("F", 0)] {
                let customer = try await business.customer(name)
                guard amount > 0 else { continue }
                for _ in 0..<(name == "A" ? 5 : 1) {
                    var values = OrderValues(customerID: customer.id, orderedOn: LocalDate(daysSince2000: 9700))
                    values.amount = Decimal(amount) / (name == "A" ? 5 : 1)
                    _ = try await OrderService(database: business.database).create(business.context, values)
                }
            }
            var segments: [String: Segment.ID] = [:]
            for template in SegmentTemplate.all {
                segments[template.name] = try await Self.segment(template.name, template.rule, business)
            }
            try await business.refresh()
            for (name, members) in [
                ("tier_a", ["A"]), ("tier_b", ["B", "C"]), ("tier_c", ["D", "E"]),
                // All bought on one day, and but A once.
                ("hibernating", ["B", "C", "D", "E"]), ("cannot_lose", ["A"]), ("champions", []),
            ] {
                #expect(try await Self.members(try #require(segments[name]), business) == members, "\(name)")
            }
            let report = try await ValueService(database: business.database).report(business.context)
            #expect(report.tiers.map(\.customers) == [1, 2, 2] && report.tiers.map(\.share) == [0.8, 0.16, 0.04])
            #expect(report.cells.reduce(0) { $0 + $1.customers } == 5)
        }
    }

    @Test func `Changes of many customers at once leave members and sizes that agree with the rules`() async throws {
        try await Business.with { business in
            let context = business.context
            let customers = try await business.customers(30)
            let actual = try await Self.segment("Actual", Self.leaf("stage", "eq", .string("actual")), business)
            let all = try await Self.segment("All", Self.leaf("kind", "eq", .string("person")), business)
            try await Self.withWorker(business) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, customer) in customers.enumerated() {
                        group.addTask {
                            _ = try await business.customers.update(context, customer.id, ifVersion: nil) { values in
                                var values = values
                                values.stage = .actual
                                return values
                            }
                            if number % 3 == 0 { try await business.customers.delete(context, customer.id) }
                            if number % 6 == 0 { _ = try await business.customers.restore(context, customer.id) }
                            if number % 6 == 3 {
                                try await PrivacyService(database: business.database).erase(context, customer.id)
                            }
                            _ = try await business.segments.requestEvaluation(context, number % 2 == 0 ? actual : all)
                        }
                    }
                    try await group.waitForAll()
                }
                for id in [actual, all] {
                    try await eventually {
                        let members = try await Self.members(id, business)
                        let count = try await business.segments.find(context, id).memberCount
                        return members.count == 25 && count == 25
                    }
                }
            }
        }
    }
}
