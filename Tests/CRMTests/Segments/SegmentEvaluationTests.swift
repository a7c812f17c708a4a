import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// What one evaluation of a rule does.
@Suite("Evaluation of segments")
struct SegmentEvaluationTests {
    private struct Fixture {
        let business: Business
        let terms: SegmentQuery.Terms
        let segment: Segment.ID
        let rule: EvaluatedRule

        init(_ business: Business, _ node: JSONNode) async throws {
            self.business = business
            terms = try await business.database.run(
                business.context, SegmentStatements.terms(business.context.tenantID))
            segment = try await business.segments.create(
                business.context, SegmentValues(name: "S", kind: .rule, rule: node)
            ).id
            rule = EvaluatedRule(id: segment, rule: try SegmentRule(node))
        }

        func evaluate(_ customers: [Customer.ID]? = nil) async throws -> Bool {
            // As whoever evaluates does before.
            try await business.server.run("SELECT crm.summarise(\(business.tenantID), 'IRR', \(customers))")
            return try await business.database.run(
                business.context, EvaluationStatements.evaluate(terms, rule, customers))
        }

        func set(_ stage: Customer.Stage, _ customers: some Sequence<Customer>) async throws {
            try await business.server.run(
                """
                UPDATE crm.customer SET stage = \(stage) WHERE tenant_id = \(business.tenantID)
                    AND id = ANY (\(customers.map(\.id)))
                """)
        }

        func changes() async throws -> [SegmentChange] {
            try await business.memberships.changes(business.context, of: segment, PageRequest(limit: 100)).items
        }

        func order(_ customer: Customer, _ days: Int) async throws {
            try await business.server.run(
                """
                INSERT INTO crm.customer_order (tenant_id, id, customer_id, ordered_on, amount, currency)
                VALUES (\(business.tenantID), \(UUID()), \(customer.id), \(terms.day(days)), 5, 'EUR')
                """)
        }
    }

    @Test
    func `Those who come and go are moved and the others left alone, and it is told whether they were many`()
        async throws
    {
        try await Business.with { business in
            let customers = try await business.customers(24)
            let fixture = try await Fixture(
                business, .object(["field": .string("stage"), "op": .string("eq"), "value": .string("actual")]))
            func expectMembers(_ members: some Sequence<Customer>) async throws {
                let found = try await business.memberships.list(
                    business.context, of: fixture.segment, PageRequest(limit: 100))
                #expect(Set(found.items.map(\.id)) == Set(members.map(\.id)))
                let segment = try await business.segments.find(business.context, fixture.segment)
                #expect(segment.memberCount == found.items.count)
            }
            #expect(try await !fixture.evaluate())
            try await fixture.set(.actual, customers[..<22])
            #expect(try await fixture.evaluate())
            try await expectMembers(customers[..<22])
            let first = try await fixture.changes()
            #expect(first.count == 22)
            #expect(try await !fixture.evaluate())
            #expect(try await fixture.changes().count == 22)

            // Two of twenty are no more than a tenth.
            try await fixture.set(.lost, customers[..<2])
            #expect(try await !fixture.evaluate())
            try await expectMembers(customers[2..<22])
            let stayed = try await fixture.changes().filter { $0.change == .entered }
            #expect(Set(stayed.map(\.changedAt)) == Set(first.map(\.changedAt)))

            try await fixture.set(.lost, customers[2...2])
            try await fixture.set(.actual, customers[22...])
            #expect(try await fixture.evaluate())
            try await expectMembers(customers[3...])

            // Of a few, the others are not looked at.
            try await fixture.set(.lost, customers[3...4])
            try await fixture.set(.actual, customers[0...1])
            _ = try await fixture.evaluate([customers[0].id, customers[3].id])
            try await expectMembers([customers[0]] + customers[4...])
            // The last one goes, too.
            try await fixture.set(.lost, customers)
            #expect(try await fixture.evaluate())
            try await expectMembers([])
        }
    }

    @Test func `Recent orders are told from those of days to come, and by the explanation as well`() async throws {
        try await Business.with { business in
            let fixture = try await Fixture(
                business,
                .object([
                    "field": .string("orders.count"), "op": .string("gte"), "value": .number(1),
                    "last_days": .number(30),
                ]))
            let days = [[40, -3, -40], [40, -30], [1], [0], [-29], [-30], []]
            let recent = [1, 0, 0, 1, 1, 0, 0]
            let customers = try await business.customers(days.count)
            for (customer, days) in zip(customers, days) {
                for day in days { try await fixture.order(customer, day) }
            }
            try await business.refresh()
            for (customer, count) in zip(customers, recent) {
                let found = try await business.memberships.explain(
                    business.context, customer.id, in: fixture.segment)
                #expect(found.isMember == (count > 0))
                guard case .comparison(_, let holds, let value) = found.reason else {
                    Issue.record("no comparison")
                    continue
                }
                #expect(holds == (count > 0) && value == .number(Decimal(count)))
            }
        }
    }
}
