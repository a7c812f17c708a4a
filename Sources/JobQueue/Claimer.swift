import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// Finds ready work and claims it whenever slots are free, until it is told to stop.
final class Claimer: Sendable {
    private struct Flags {
        var isStopped = false
        var mustProbe = false
    }

    /// Least time between two looks for the sake of tokens.
    private static let shortestPause = Duration.milliseconds(20)

    /// Slots from which one claim takes the server longer than two of half the size at once.
    private static let slotsForTwoLanes = 200

    private let flags = Mutex(Flags())
    let signal = Signal()
    private let lanes = ClaimLanes()
    /// The look from the beginning that has ended beside the claims.
    let wholeLooks = Mutex<[WholeLook]>([])
    let pool: Pool
    let claimable: Claimable
    private let configuration: WorkerConfiguration
    private let lease: LeaseKeeper
    private let running: RunningJobs
    private let rescuer: Rescuer
    private let counters: Counters
    let logger: Logger

    init(
        pool: Pool, claimable: Claimable, configuration: WorkerConfiguration, lease: LeaseKeeper, running: RunningJobs,
        rescuer: Rescuer, counters: Counters, logger: Logger
    ) {
        self.pool = pool
        self.claimable = claimable
        self.configuration = configuration
        self.lease = lease
        self.running = running
        self.rescuer = rescuer
        self.counters = counters
        self.logger = logger
    }

    /// There may be new work: look at once.
    func wake() {
        flags.withLock { $0.mustProbe = true }
        signal.set()
    }

    /// A slot is free.
    func slotFreed() { signal.set() }

    func stop() {
        flags.withLock { $0.isStopped = true }
        signal.set()
    }

    private var isStopped: Bool { flags.withLock { $0.isStopped } }

    /// - Parameters:
    ///   - backlog: outcomes that wait to be written; when there are too many, nothing is claimed.
    ///   - start: runs claimed jobs.
    ///   - decline: hands back a job that was claimed under a lease that has ended meanwhile.
    func run(backlog: () -> Int, start: ([ClaimedJob]) -> Void, decline: (RunKey) -> Void) async {
        var share = FairShare(slots: configuration.concurrency, queues: configuration.slots)
        var floors = ReadyFloors()
        var ready: [ReadyQueue] = []
        var nextProbe = ContinuousClock.now
        var pause = Self.shortestPause
        var backoff = Backoff()
        var nextAudit = ContinuousClock.now
        var probes = 0
        var wholeLook: Task<Void, Never>?
        while !isStopped || !lanes.isEmpty {
            do {
                var failure: (any Error)?
                for claim in lanes.takeEnded() {
                    floors.looked(for: claim.duration, claimed: claim.jobs, since: claim.generation)
                    let drained = settle(claim, &share)
                    failure = failure ?? claim.failure
                    guard lease.workerID == claim.workerID, !isStopped else {
                        for job in claim.jobs { decline(job.key) }
                        // They stand before these again.
                        floors.reset()
                        continue
                    }
                    start(Self.inOrder(claim.jobs))
                    // The lease may have ended right before they were started, and with it the runs of then.
                    if lease.workerID != claim.workerID { running.cancel(claim.jobs.lazy.map(\.key), .leaseLost) }
                    // A queue with a rate may have more as soon as there are tokens.
                    if let rate = ready.lazy.filter({ drained.contains($0.place) }).compactMap(\.rate).max() {
                        nextProbe = min(nextProbe, .now + max(pause, .seconds(1 / rate)))
                    }
                    // What a later look found may have come after this claim looked.
                    if claim.probe == probes { ready.removeAll { drained.contains($0.place) } }
                    if claim.failure == nil { backoff.reset() }
                }
                if let failure { throw failure }
                if let look = wholeLooks.withLock({ $0.popLast() }),
                    floors.endWholeLook(found: look.found, took: look.duration)
                {
                    flags.withLock { $0.mustProbe = true }
                }
                guard !isStopped else {
                    if !lanes.isEmpty { await signal.wait(atMost: configuration.pollInterval) }
                    continue
                }
                guard let workerID = lease.workerID, backlog() <= OutcomeBuffer.batchSize * 4 else {
                    await signal.wait(atMost: configuration.pollInterval)
                    continue
                }
                // While a claim is under way the database may know of more runs than this worker.
                if ContinuousClock.now >= nextAudit, lanes.isEmpty {
                    let held = running.held
                    let took = try await ContinuousClock().measure {
                        try await rescuer.takeBackLost(of: workerID, held: held, while: { [self] in !isStopped })
                    }
                    nextAudit = .now + max(configuration.timeToLive, Restraint.rest(after: took))
                }
                guard running.count + lanes.slots < configuration.concurrency, !lanes.isFull,
                    ContinuousClock.now < nextAudit
                else {
                    // Nothing could be claimed, so nothing is looked for.
                    await signal.wait(atMost: configuration.pollInterval)
                    continue
                }
                if flags.withLock({ Self.take(&$0.mustProbe) }) || ContinuousClock.now >= nextProbe {
                    let began = ContinuousClock.now
                    probes += 1
                    let found = try await probe(&floors)
                    pause = max(Self.shortestPause, (.now - began) * 10)
                    ready = found.filter { $0.wait == .zero }
                    nextProbe = .now + configuration.pollInterval.jittered
                    let token = found.lazy.map(\.wait).filter { $0 > .zero }.min()
                    if let token { nextProbe = min(nextProbe, .now + max(pause, token)) }
                }
                if floors.beginWholeLook() { wholeLook = Task { await lookFromTheBeginning() } }
                // What stands before the places where looks begin is not to wait for the next poll.
                if let whole = floors.nextWholeLook { nextProbe = min(nextProbe, whole) }
                let free = await freeSlots(isWorkReady: !ready.isEmpty)
                guard free > 0, !ready.isEmpty else {
                    if !flags.withLock({ $0.mustProbe }) { await signal.wait(atMost: nextProbe - .now) }
                    continue
                }
                let stock = running.takeStock()
                share.charge(stock.ended)
                let held = stock.byPlace.merging(lanes.byPlace, uniquingKeysWith: +)
                let budget = SlotBudget(slots: configuration.concurrency, queues: configuration.slots, running: held)
                let demands = withoutBusy(share.split(budget, among: ready, held: held), &share)
                guard !demands.isEmpty else {
                    await signal.wait(atMost: nextProbe - .now)
                    continue
                }
                let empty = ClaimLanes.Claim(
                    workerID: workerID, probe: probes, generation: floors.generation, demands: [])
                claim(demands, empty, floors)
            } catch {
                logger.warning("cannot claim jobs, trying again", metadata: ["error": "\(error.loggable)"])
                ready = []
                nextProbe = .now
                // What it locked stands before what another one claimed meanwhile.
                floors.reset()
                // The answer of a claim may have been lost after its commit.
                nextAudit = .now
                if isStopped { continue }
                await signal.wait(atMost: backoff.step())
            }
        }
        wholeLook?.cancel()
        await wholeLook?.value
    }

    /// Claims in one lane, or, where there is much to claim and nothing under way, in two on two connections.
    private func claim(_ demands: [Demand], _ empty: ClaimLanes.Claim, _ floors: ReadyFloors) {
        for demands in lanes.isEmpty ? Self.halves(demands) : [demands] {
            let statements = ClaimStatements.claim(demands, claimable, after: floors, worker: empty.workerID)
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
    private func freeSlots(isWorkReady: Bool) async -> Int {
        let free = configuration.concurrency - running.count - lanes.slots
        guard isWorkReady, free > 0, free < configuration.concurrency / 4 else { return free }
        await Signal().wait(atMost: .milliseconds(2))
        return configuration.concurrency - running.count - lanes.slots
    }

    private static func take(_ flag: inout Bool) -> Bool {
        defer { flag = false }
        return flag
    }

    /// The most urgent first; most often all are as urgent.
    private static func inOrder(_ jobs: [ClaimedJob]) -> [ClaimedJob] {
        guard let first = jobs.first, jobs.contains(where: { $0.priority != first.priority }) else { return jobs }
        return jobs.sorted { $0.priority < $1.priority }
    }

    /// The queues that gave fewer jobs than asked: they have no more for now, and their tenants are not charged for the
    /// others.
    private func settle(_ claim: ClaimLanes.Claim, _ share: inout FairShare) -> Set<TenantQueue> {
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
