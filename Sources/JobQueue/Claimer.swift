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

    private let flags = Mutex(Flags())
    private let signal = Signal()
    private let pool: Pool
    private let claimable: Claimable
    private let configuration: WorkerConfiguration
    private let lease: LeaseKeeper
    private let running: RunningJobs
    private let rescuer: Rescuer
    private let logger: Logger

    init(
        pool: Pool, claimable: Claimable, configuration: WorkerConfiguration, lease: LeaseKeeper, running: RunningJobs,
        rescuer: Rescuer, logger: Logger
    ) {
        self.pool = pool
        self.claimable = claimable
        self.configuration = configuration
        self.lease = lease
        self.running = running
        self.rescuer = rescuer
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
    ///   - start: runs a claimed job.
    func run(backlog: () -> Int, start: (ClaimedJob) -> Void) async {
        var share = FairShare()
        var ready: [ReadyQueue] = []
        var nextProbe = ContinuousClock.now
        var backoff = Backoff()
        var nextAudit = ContinuousClock.now
        while !isStopped {
            guard let workerID = lease.workerID, backlog() <= OutcomeBuffer.batchSize * 4 else {
                await signal.wait(atMost: configuration.pollInterval)
                continue
            }
            do {
                if ContinuousClock.now >= nextAudit {
                    let held = running.held
                    try await rescuer.takeBackLost(of: workerID, held: held, while: { [self] in !isStopped })
                    nextAudit = .now + configuration.timeToLive
                }
                if flags.withLock({ Self.take(&$0.mustProbe) }) || ContinuousClock.now >= nextProbe {
                    ready = try await probe()
                    nextProbe = .now + configuration.pollInterval.jittered
                }
                let free = await freeSlots(isWorkReady: !ready.isEmpty)
                guard free > 0, !ready.isEmpty else {
                    if !flags.withLock({ $0.mustProbe }) { await signal.wait(atMost: nextProbe - .now) }
                    continue
                }
                let demands = share.split(free, among: ready, held: running.byTenant)
                let jobs = try await claim(demands, workerID)
                for job in jobs.sorted(by: Self.precedes) { start(job) }
                Self.removeDrained(from: &ready, asked: demands, got: jobs)
                backoff.reset()
            } catch {
                logger.warning("cannot claim jobs, trying again", metadata: ["error": "\(error.loggable)"])
                ready = []
                nextProbe = .now
                // The answer of a claim may have been lost after its commit.
                nextAudit = .now
                await signal.wait(atMost: backoff.step())
            }
        }
    }

    /// Promotes what is due and finds who has ready work.
    private func probe() async throws -> [ReadyQueue] {
        let (due, ready) = try await pool.pipeline(
            prelude: [planGuard], ClaimStatements.due, ClaimStatements.ready(claimable))
        guard !due.isEmpty else { return ready }
        let (promoted, readyNow) = try await pool.pipeline(
            prelude: [planGuard], ClaimStatements.promote(due), ClaimStatements.ready(claimable))
        if promoted >= ClaimStatements.promotionLimit { wake() }
        return readyNow
    }

    private func claim(_ demands: [Demand], _ workerID: UUID) async throws -> [ClaimedJob] {
        let statements = ClaimStatements.claim(demands, claimable, worker: workerID)
        return try await pool.withTransaction(prelude: [planGuard]) { transaction in
            try await transaction.pipeline(all: statements)
        }.flatMap { $0 }
    }

    /// Slots to claim for. When only few are free while others end quickly, it waits a moment: claims cost less in
    /// bulk.
    private func freeSlots(isWorkReady: Bool) async -> Int {
        let free = configuration.concurrency - running.count
        guard isWorkReady, free > 0, free < configuration.concurrency / 4 else { return free }
        await Signal().wait(atMost: .milliseconds(2))
        return configuration.concurrency - running.count
    }

    private static func take(_ flag: inout Bool) -> Bool {
        defer { flag = false }
        return flag
    }

    private static func precedes(_ left: ClaimedJob, _ right: ClaimedJob) -> Bool {
        left.priority < right.priority
    }

    /// A queue that gave fewer jobs than asked has no more for now.
    private static func removeDrained(from ready: inout [ReadyQueue], asked: [Demand], got: [ClaimedJob]) {
        struct Place: Hashable {
            let tenantID: UUID
            let queue: String
        }
        var counts: [Place: Int] = [:]
        for job in got { counts[Place(tenantID: job.key.tenantID, queue: job.queue), default: 0] += 1 }
        let drained = Set(
            asked.lazy.map { (Place(tenantID: $0.tenantID, queue: $0.queue), $0.slots) }
                .filter { counts[$0.0, default: 0] < $0.1 }.map(\.0))
        ready.removeAll { drained.contains(Place(tenantID: $0.tenantID, queue: $0.queue)) }
    }
}
