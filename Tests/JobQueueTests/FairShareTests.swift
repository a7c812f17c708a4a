import Foundation
import Postgres
import Testing

@testable import JobQueue

@Suite("Fair share")
struct FairShareTests {
    private static func ready(_ tenants: [UUID: Int], queue: String = "default") -> [ReadyQueue] {
        tenants.map { ReadyQueue(place: TenantQueue(tenantID: $0.key, queue: queue), weight: $0.value) }
    }

    /// Plays rounds in which every job that is claimed ends after its tenant's time, and gives the time of each tenant.
    private static func play(
        _ rounds: Int, slots: Int, weights: [UUID: Int], seconds: [UUID: Double], _ share: inout FairShare
    ) -> (seconds: [UUID: Double], jobs: [UUID: Int]) {
        var (used, jobs): ([UUID: Double], [UUID: Int]) = ([:], [:])
        for _ in 0..<rounds {
            var ended: [UUID: RunTime] = [:]
            for demand in share.split(SlotBudget(slots: slots), among: ready(weights), held: [:]) {
                let tenant = demand.place.tenantID
                let time = Double(demand.slots) * (seconds[tenant] ?? 0)
                ended[tenant] = RunTime(count: demand.slots, seconds: time)
                used[tenant, default: 0] += time
                jobs[tenant, default: 0] += demand.slots
            }
            share.charge(ended)
        }
        return (used, jobs)
    }

    @Test func `Equal tenants get equal numbers of equal jobs, also with fewer slots than tenants`() {
        let tenants = (0..<7).map { _ in UUID.v7() }
        var share = FairShare(slots: 3)
        let weights = Dictionary(uniqueKeysWithValues: tenants.map { ($0, 1) })
        let seconds = Dictionary(uniqueKeysWithValues: tenants.map { ($0, 0.01) })
        let (_, jobs) = Self.play(70, slots: 3, weights: weights, seconds: seconds, &share)
        #expect(jobs.values.reduce(0, +) == 210)
        #expect(jobs.count == 7 && jobs.values.allSatisfy { (28...32).contains($0) })
    }

    @Test func `What counts is the running time and not the number of jobs`() throws {
        let (short, long) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 16)
        let (used, jobs) = Self.play(
            500, slots: 16, weights: [short: 1, long: 1], seconds: [short: 0.01, long: 0.02], &share)
        let ratio = try #require(used[short]) / #require(used[long])
        #expect((0.8...1.25).contains(ratio))
        #expect(try Double(#require(jobs[short])) > 1.6 * Double(#require(jobs[long])))
    }

    @Test func `A tenant of three times the weight gets three times the running time`() throws {
        let (light, heavy) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 8)
        let (used, _) = Self.play(
            500, slots: 8, weights: [light: 1, heavy: 3], seconds: [light: 0.02, heavy: 0.05], &share)
        let ratio = try #require(used[heavy]) / #require(used[light])
        #expect((2.5...3.5).contains(ratio))
    }

    @Test func `One who comes late is served in the next round`() {
        let (old, new) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 4)
        _ = Self.play(100, slots: 4, weights: [old: 1], seconds: [old: 0.01], &share)
        let demands = share.split(SlotBudget(slots: 1), among: Self.ready([old: 1, new: 1]), held: [:])
        let next = share.split(SlotBudget(slots: 1), among: Self.ready([old: 1, new: 1]), held: [:])
        #expect((demands + next).contains { $0.place.tenantID == new })
    }

    @Test func `One tenant alone leaves a quarter of the slots free for others`() {
        let (one, other) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 8)
        let demands = share.split(SlotBudget(slots: 8), among: Self.ready([one: 1]), held: [:])
        #expect(demands.map(\.slots) == [6])
        let held = [TenantQueue(tenantID: one, queue: "default"): 6]
        let budget = SlotBudget(slots: 8, running: held)
        let both = share.split(budget, among: Self.ready([one: 1, other: 1]), held: held)
        #expect(both.map(\.place.tenantID) == [other] && both.map(\.slots) == [2])
    }

    @Test func `A job that took very long does not keep its tenant out for as long`() {
        let (long, short) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 4)
        share.charge([long: RunTime(count: 1, seconds: 3600)])
        let seconds = [long: 0.01, short: 0.01]
        let (_, jobs) = Self.play(400, slots: 4, weights: [long: 1, short: 1], seconds: seconds, &share)
        #expect(jobs[long] ?? 0 > 100)
    }

    @Test func `What was charged for jobs that were not there is given back`() {
        let (one, other) = (UUID.v7(), UUID.v7())
        var share = FairShare(slots: 8)
        let ready = Self.ready([one: 1, other: 1])
        for demand in share.split(SlotBudget(slots: 8), among: ready, held: [:]) where demand.place.tenantID == one {
            share.refund(one, jobs: demand.slots)
        }
        let next = share.split(SlotBudget(slots: 8), among: ready, held: [:])
        let slots = Dictionary(uniqueKeysWithValues: next.map { ($0.place.tenantID, $0.slots) })
        #expect(slots[one] ?? 0 > slots[other] ?? 0)
    }

    @Test func `A queue gets no more slots than its maximum, and what is reserved stays for its queue`() {
        let settings = ["mail": QueueSlots(maximum: 2), "interactive": QueueSlots(reserved: 3)]
        let tenant = UUID.v7()
        let held = [
            TenantQueue(tenantID: tenant, queue: "mail"): 1, TenantQueue(tenantID: tenant, queue: "default"): 2,
        ]
        var budget = SlotBudget(slots: 8, queues: settings, running: held)
        #expect(budget.total == 5)
        let mail = (0..<5).filter { _ in budget.take(for: "mail") != nil }.count
        let others = (0..<5).filter { _ in budget.take(for: "default") != nil }.count
        let interactive = (0..<5).filter { _ in budget.take(for: "interactive") == .own }.count
        #expect((mail, others, interactive) == (1, 1, 3))
        #expect(budget.total == 0)
    }

    @Test func `Work for full queues is left for other queues of the tenant`() {
        let tenant = UUID.v7()
        var share = FairShare(slots: 8)
        let ready = Self.ready([tenant: 1], queue: "mail") + Self.ready([tenant: 1], queue: "default")
        let budget = SlotBudget(slots: 8, queues: ["mail": QueueSlots(maximum: 1)])
        let demands = share.split(budget, among: ready, held: [:])
        let slots = Dictionary(uniqueKeysWithValues: demands.map { ($0.place.queue, $0.slots) })
        #expect(slots == ["mail": 1, "default": 5])
    }

    @Test func `A tenant's queues take turns, also when each look has one slot`() {
        let tenant = UUID.v7()
        var share = FairShare(slots: 8)
        let ready = Self.ready([tenant: 1], queue: "a") + Self.ready([tenant: 1], queue: "b")
        let served = (0..<6).flatMap { _ in share.split(SlotBudget(slots: 1), among: ready).map(\.place.queue) }
        #expect(served.filter { $0 == "a" }.count == 3 && served.filter { $0 == "b" }.count == 3)
    }

    @Test func `A tenant with its whole share of the other slots still gets the reserved ones, but not all of them`() {
        let tenant = UUID.v7()
        let settings = ["interactive": QueueSlots(reserved: 4)]
        var share = FairShare(slots: 12, queues: settings)
        let ready = Self.ready([tenant: 1], queue: "interactive") + Self.ready([tenant: 1], queue: "default")
        let held = [TenantQueue(tenantID: tenant, queue: "default"): 6]
        let budget = SlotBudget(slots: 12, queues: settings, running: held)
        let demands = share.split(budget, among: ready, held: held)
        #expect(demands.map(\.place.queue) == ["interactive"] && demands.map(\.slots) == [3])
    }
}
