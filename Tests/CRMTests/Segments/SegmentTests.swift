import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Segments")
struct SegmentTests {
    private static func leaf(_ field: String, _ op: String, _ value: JSONNode) -> JSONNode {
        .object(["field": .string(field), "op": .string(op), "value": value])
    }

    /// A business with four customers: Ada bought three times, Bob once, Cid and Dan never; Dan is lost.
    private static func withBuyers(_ body: (Business) async throws -> Void) async throws {
        try await Business.with { business in
            let ada = try await business.customer("Ada", language: "en")
            let bob = try await business.customer("Bob")
            try await business.customer("Cid", language: "en")
            try await business.customer("Dan", stage: .lost)
            for (customer, day, amount) in [(ada, "2026-01-10", 10), (ada, "2026-02-10", 20), (ada, "2026-03-10", 30)] {
                try await order(of: customer, day, amount, business)
            }
            try await order(of: bob, "2026-05-01", 500, business)
            try await body(business)
        }
    }

    private static func order(of customer: Customer, _ day: String, _ amount: Int, _ business: Business) async throws {
        let day = try #require(LocalDate(day))
        var values = OrderValues(customerID: customer.id, orderedOn: day)
        values.amount = Decimal(amount)
        _ = try await OrderService(database: business.database).create(business.context, values)
    }

    private static func members(_ rule: JSONNode, _ business: Business) async throws -> [String] {
        let segment = try await business.segments.create(
            business.context, SegmentValues(name: "\(UUID())", kind: .rule, rule: rule))
        try await business.refresh()
        return try await names(in: segment, business)
    }

    private static func names(in segment: Segment, _ business: Business) async throws -> [String] {
        try await business.memberships.list(business.context, of: segment.id, PageRequest(limit: 200)).items.map(
            \.values.name)
    }

    @Test func `Every field and comparison finds the customers that it describes`() async throws {
        let expected: [(JSONNode, [String])] = [
            (Self.leaf("orders.count", "gte", .number(2)), ["Ada"]),
            (Self.leaf("orders.count", "eq", .number(0)), ["Cid", "Dan"]),
            (Self.leaf("orders.count", "ne", .number(1)), ["Ada", "Cid", "Dan"]),
            (Self.leaf("orders.amount", "gt", .string("60")), ["Bob"]),
            (Self.leaf("orders.amount", "lte", .string("60.00")), ["Ada", "Cid", "Dan"]),
            (Self.leaf("orders.last_on", "gte", .string("2026-03-10")), ["Ada", "Bob"]),
            (Self.leaf("orders.last_on", "lt", .string("2026-03-11")), ["Ada"]),
            (Self.leaf("stage", "eq", .string("lost")), ["Dan"]),
            (Self.leaf("stage", "ne", .string("lost")), ["Ada", "Bob", "Cid"]),
            (Self.leaf("language", "in", .array([.string("en"), .string("de")])), ["Ada", "Cid"]),
            (Self.leaf("kind", "eq", .string("person")), ["Ada", "Bob", "Cid", "Dan"]),
        ]
        try await Self.withBuyers { business in
            for (rule, names) in expected {
                let found = try await Self.members(rule, business)
                #expect(found == names, "\(rule)")
            }
        }
    }

    @Test func `All, any and not combine, and not turns around what has no orders too`() async throws {
        try await Self.withBuyers { business in
            let english = Self.leaf("language", "eq", .string("en"))
            let repeated = Self.leaf("orders.count", "gte", .number(2))
            let recent = Self.leaf("orders.last_on", "gte", .string("2026-04-01"))
            let both = try await Self.members(.object(["all": .array([english, repeated])]), business)
            #expect(both == ["Ada"])
            let either = try await Self.members(.object(["any": .array([repeated, recent])]), business)
            #expect(either == ["Ada", "Bob"])
            let neither = try await Self.members(.object(["not": recent]), business)
            #expect(neither == ["Ada", "Cid", "Dan"])
            let nested = JSONNode.object(["all": .array([english, .object(["not": repeated])])])
            let nestedNames = try await Self.members(nested, business)
            #expect(nestedNames == ["Cid"])
        }
    }

    @Test func `Evaluating anew takes in who fits by now and lets go who does not`() async throws {
        try await Self.withBuyers { business in
            let segment = try await business.segments.create(
                business.context,
                SegmentValues(name: "Buyers", kind: .rule, rule: Self.leaf("orders.count", "gte", .number(1))))
            #expect(segment.memberCount == nil && segment.evaluatedAt == nil)
            try await business.refresh()
            #expect(try await Self.names(in: segment, business) == ["Ada", "Bob"])

            let cid = try await business.customers.list(business.context, CustomerFilter(), PageRequest()).items[2]
            try await Self.order(of: cid, "2026-06-01", 5, business)
            try await business.server.run(
                "UPDATE crm.customer_order SET deleted_at = now() WHERE tenant_id = \(business.tenantID) AND amount = 500"
            )
            try await business.refresh()
            let evaluated = try await business.segments.find(business.context, segment.id)
            #expect(try await Self.names(in: segment, business) == ["Ada", "Cid"])
            #expect(evaluated.memberCount == 2 && evaluated.evaluatedAt != nil)
        }
    }

    @Test func `A new rule segment is evaluated by the worker, and again when that is asked for`() async throws {
        try await Self.withBuyers { business in
            let segment = try await business.segments.create(
                business.context,
                SegmentValues(name: "Buyers", kind: .rule, rule: Self.leaf("orders.count", "gte", .number(1))))
            try await withOutbox { outbox in
                try await withHandlers(on: business.server, transport: outbox.transport()) { _ in
                    try await eventually {
                        try await business.segments.find(business.context, segment.id).memberCount == 2
                    }
                    let dan = try await business.customers.list(business.context, CustomerFilter(), PageRequest())
                        .items[3]
                    try await Self.order(of: dan, "2026-06-01", 5, business)
                    _ = try await business.segments.requestEvaluation(business.context, segment.id)
                    try await eventually {
                        try await business.segments.find(business.context, segment.id).memberCount == 3
                    }
                }
            }
        }
    }

    @Test func `Everything that is wrong with a rule is told at once, by pointers into it`() async throws {
        try await Business.with { business in
            let rule = JSONNode.object([
                "all": .array([
                    Self.leaf("shoe_size", "gte", .number(2)), Self.leaf("stage", "gte", .string("lost")),
                    Self.leaf("orders.count", "in", .array([])),
                    Self.leaf("orders.last_on", "eq", .string("2026-02-30")),
                    .object(["any": .array([])]), .string("stage"),
                    .object(["field": .string("stage"), "op": .string("eq"), "value": .string("lost"), "or": .null]),
                ])
            ])
            await #expect {
                _ = try await business.segments.create(
                    business.context, SegmentValues(name: " ", kind: .rule, rule: rule))
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                #expect(
                    errors.map { "\($0.pointer) \($0.code)" } == [
                        "/name length", "/rule/all/0/field unknown", "/rule/all/1/op operator",
                        "/rule/all/2/op operator",
                        "/rule/all/3/value type", "/rule/all/4/any type", "/rule/all/5 type", "/rule/all/6/or unknown",
                    ])
                return true
            }
        }
    }

    @Test func `A rule may be eight levels deep and no deeper`() async throws {
        try await Business.with { business in
            func rule(depth: Int) -> JSONNode {
                (1..<depth).reduce(Self.leaf("stage", "eq", .string("lost"))) { rule, _ in .object(["not": rule]) }
            }
            let deepest = try await Self.members(rule(depth: 8), business)
            #expect(deepest == [])
            await #expect(throws: ServiceError.self) { try await Self.members(rule(depth: 9), business) }
        }
    }

    @Test func `Customers are put into a manual segment once, strangers and rule segments are refused`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(3)
            let segment = try await business.segment("Chosen", of: Array(customers.prefix(2)))
            let again = try await business.memberships.add(business.context, customers.map(\.id), to: segment.id)
            #expect(again.memberCount == 3)
            let stranger = Customer.ID.make()
            await #expect {
                _ = try await business.memberships.add(business.context, [customers[0].id, stranger], to: segment.id)
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                return errors.map(\.pointer) == ["/customer_ids/1"]
            }
            let rule = try await business.segments.create(
                business.context,
                SegmentValues(name: "Rule", kind: .rule, rule: Self.leaf("stage", "eq", .string("lost"))))
            await #expect {
                _ = try await business.memberships.add(business.context, [customers[0].id], to: rule.id)
            } throws: { error in
                if case ServiceError.conflict(code: "rule_segment", _) = error { true } else { false }
            }
        }
    }

    @Test func `Two segments cannot have one name`() async throws {
        try await Business.with { business in
            _ = try await business.segment("Same", of: [])
            await #expect {
                _ = try await business.segment("Same", of: [])
            } throws: { error in
                if case ServiceError.conflict(code: "name_taken", _) = error { true } else { false }
            }
        }
    }
}
