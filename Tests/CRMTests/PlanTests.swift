import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Marketing-mix plans")
struct PlanTests {
    private static func withPlan(_ body: (Business, Plan) async throws -> Void) async throws {
        try await Business.with { business in
            let segment = try await business.segment(of: [])
            try await body(
                business,
                try await business.plans.create(
                    business.context, NewPlan(name: "Spring", segmentID: segment.id, content: .sample)))
        }
    }

    @Test func `A plan keeps its seven elements, objectives, budget and activities`() async throws {
        try await Self.withPlan { business, plan in
            let found = try await business.plans.find(business.context, plan.id)
            #expect(found.revision == 1)
            #expect(found.content.elements == PlanContent.sample.elements)
            #expect(found.content.objectives == ["More"])
            #expect(found.content.budget == Money(amount: 1_000_000, currency: "IRR"))
            #expect(found.content.activities == PlanContent.sample.activities)
        }
    }

    @Test func `A change is the next revision, and the one before stays as it was`() async throws {
        try await Self.withPlan { business, plan in
            let revised = try await business.plans.revise(business.context, plan.id, ifVersion: plan.version) { old in
                var content = old.content
                content.elements.price.description = "Cheaper"
                content.budget = nil
                return (old.name, content)
            }
            #expect(revised.revision == 2)
            #expect(revised.content.elements.price.description == "Cheaper")
            #expect(revised.content.budget == nil)
            #expect(
                try await business.server.texts(
                    """
                    SELECT revision || ' ' || (elements->'price'->>'description') || ' ' || coalesce(budget_amount::text, '-')
                    FROM crm.plan_revision ORDER BY revision
                    """) == ["1 price 1000000.0000", "2 Cheaper -"])
        }
    }

    @Test func `Of two changes to the same version one is refused`() async throws {
        try await Self.withPlan { business, plan in
            func revise(_ name: String) async throws {
                _ = try await business.plans.revise(business.context, plan.id, ifVersion: plan.version) { old in
                    (name, old.content)
                }
            }
            async let first = Result { try await revise("A") }
            async let second = Result { try await revise("B") }
            let results = await [first, second]
            #expect(results.count { if case .success = $0 { true } else { false } } == 1)
            #expect(
                results.contains {
                    if case .failure(let error) = $0 { error as? ServiceError == .stale } else { false }
                }, "\(results)")
            let found = try await business.plans.find(business.context, plan.id)
            #expect(found.revision == 2)
        }
    }

    @Test func `Blank elements, a budget below nothing and an end before the start are told at once`() async throws {
        try await Self.withPlan { business, plan in
            var content = PlanContent.sample
            content.elements.people.description = " "
            content.elements.process.actions = ["ok", ""]
            content.budget = Money(amount: -1, currency: "rial")
            content.activities = [
                PlanActivity(title: "Late", startsOn: LocalDate("2026-12-31"), endsOn: LocalDate("2026-12-01"))
            ]
            await #expect {
                _ = try await business.plans.create(
                    business.context, NewPlan(name: "", segmentID: plan.segmentID, content: content))
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                return errors.map(\.pointer) == [
                    "/name", "/elements/people/description", "/elements/process/actions/1", "/budget/amount",
                    "/budget/currency", "/activities/0/ends_on",
                ]
            }
        }
    }

    @Test func `A plan needs a segment that is there and a name that is free`() async throws {
        try await Self.withPlan { business, plan in
            await #expect {
                _ = try await business.plans.create(
                    business.context, NewPlan(name: "Other", segmentID: .make(), content: .sample))
            } throws: { error in
                guard case ServiceError.invalid(let errors) = error else { return false }
                return errors.map(\.pointer) == ["/segment_id"]
            }
            await #expect {
                _ = try await business.plans.create(
                    business.context, NewPlan(name: plan.name, segmentID: plan.segmentID, content: .sample))
            } throws: { error in
                if case ServiceError.conflict(code: "name_taken", _) = error { true } else { false }
            }
        }
    }

    @Test func `Plans are listed by segment`() async throws {
        try await Self.withPlan { business, plan in
            let other = try await business.segment("Other", of: [])
            _ = try await business.plans.create(
                business.context, NewPlan(name: "Autumn", segmentID: other.id, content: .sample))
            let all = try await business.plans.list(business.context, segment: nil, PageRequest())
            #expect(all.items.map(\.name) == ["Spring", "Autumn"])
            let one = try await business.plans.list(business.context, segment: other.id, PageRequest())
            #expect(one.items.map(\.name) == ["Autumn"])
        }
    }
}

extension Result where Failure == any Error {
    /// What became of the body.
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
