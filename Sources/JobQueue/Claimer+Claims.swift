import FoundationEssentials
import Postgres

/// Claims what was found.
extension Claimer {
    /// Slots from which one claim takes the server longer than two of half the size at once.
    private static let slotsForTwoLanes = 200

    /// How many jobs to claim of which queues.
    func demands(_ progress: inout Progress) -> [Demand] {
        let stock = running.takeStock()
        progress.share.charge(stock.ended)
        let held = stock.byPlace.merging(lanes.byPlace, uniquingKeysWith: +)
        let budget = SlotBudget(slots: configuration.concurrency, queues: configuration.slots, running: held)
        return withoutBusy(progress.share.split(budget, among: progress.ready, held: held), &progress.share)
    }

    /// Claims in one lane, or, where there is much to claim and nothing under way, in two on two connections.
    func claim(_ demands: [Demand], under workerID: UUID, _ progress: Progress) {
        let empty = ClaimLanes.Claim(
            workerID: workerID, look: progress.looks, generation: progress.floors.generation, demands: [])
        for demands in lanes.isEmpty ? Self.halves(demands) : [demands] {
            let statements = ClaimStatements.claim(demands, claimable, after: progress.floors, worker: workerID)
            lanes.begin(demands)
            Task {
                let began = ContinuousClock.now
                var claim = empty
                claim.demands = demands
                do { claim.jobs = try await self.claim(statements) } catch { claim.failure = error }
                claim.duration = .now - began
                let (count, hasFailed) = (claim.jobs.count, claim.failure != nil)
                counters.update { counts in
                    counts.claimed += count
                    if count == 0, !hasFailed { counts.emptyClaims += 1 }
                }
                lanes.end(claim)
                signal.set()
            }
        }
    }

    private func claim(_ statements: [Statement<[ClaimedJob]>]) async throws -> [ClaimedJob] {
        if statements.count == 1 { return try await pool.pipeline(statements[0]) }
        return try await pool.withTransaction { try await $0.pipeline(all: statements) }.flatMap { $0 }
    }

    /// The demands in one piece, or in two of about the same number of slots.
    private static func halves(_ demands: [Demand]) -> [[Demand]] {
        let slots = demands.reduce(0) { $0 + $1.slots }
        guard slots >= slotsForTwoLanes, demands.count > 1 else { return [demands] }
        var halves: [[Demand]] = [[], []]
        var taken = 0
        var (half, tenant) = (0, demands[0].place.tenantID)
        for demand in demands {
            // Those of one tenant stand together, and stay so: its limits are for one claim at a time.
            if demand.place.tenantID != tenant { half = taken * 2 < slots ? 0 : 1 }
            tenant = demand.place.tenantID
            halves[half].append(demand)
            taken += demand.slots
        }
        return halves.filter { !$0.isEmpty }
    }

    /// The demands but for those with limits of tenants for which a claim is under way: that one has locked them, and another
    /// would find nothing.
    private func withoutBusy(_ demands: [Demand], _ share: inout FairShare) -> [Demand] {
        guard demands.contains(where: \.isLimited) else { return demands }
        let busy = Set(lanes.byPlace.keys.lazy.map(\.tenantID))
        return demands.filter { demand in
            guard demand.isLimited, busy.contains(demand.place.tenantID) else { return true }
            share.refund(demand.place.tenantID, jobs: demand.slots)
            return false
        }
    }

    /// Slots to claim for. When only few are free while others end quickly, it waits a moment: claims cost less in
    /// bulk.
    func freeSlots(isWorkReady: Bool) async -> Int {
        let free = configuration.concurrency - running.count - lanes.slots
        guard isWorkReady, free > 0, free < configuration.concurrency / 4 else { return free }
        await Signal().wait(atMost: .milliseconds(2))
        return configuration.concurrency - running.count - lanes.slots
    }

    /// The queues that gave fewer jobs than asked: they have no more for now, and their tenants are not charged for the
    /// others.
    func settle(_ claim: ClaimLanes.Claim, _ share: inout FairShare) -> Set<TenantQueue> {
        var counts: [TenantQueue: Int] = [:]
        for (place, jobs) in claim.jobs.lots { counts[place, default: 0] += jobs.count }
        var drained: Set<TenantQueue> = []
        for demand in claim.demands {
            let missing = demand.slots - (counts[demand.place] ?? 0)
            guard missing > 0 else { continue }
            if claim.failure == nil { drained.insert(demand.place) }
            share.refund(demand.place.tenantID, jobs: missing)
        }
        return drained
    }
}
