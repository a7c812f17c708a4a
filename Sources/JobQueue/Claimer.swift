import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// Finds ready work and claims it whenever slots are free, until it is told to stop.
///
/// Looks may have to step over many dead entries and claims wait for the disk, so both are made beside the loop.
final class Claimer: Sendable {
    /// What the loop knows.
    struct Progress {
        var share: FairShare
        var floors = ReadyFloors()
        /// Who has ready work, as far as it was found and not drained since.
        var ready: [ReadyQueue] = []
        /// Looks that have ended.
        var looks = 0
        var nextLook = ContinuousClock.now
        /// Least time between two looks for the sake of tokens.
        var pause = Claimer.shortestPause
        var nextAudit = ContinuousClock.now
        /// Runs that the database knows and this worker does not, as it seems.
        var suspects: [Orphan] = []
        var backoff = Backoff()
    }

    private struct Flags {
        var isStopped = false
        var mustLook = false
        var mustLookFromTheBeginning = false
    }

    /// Least time between two looks for the sake of tokens.
    static let shortestPause = Duration.milliseconds(20)

    private let flags = Mutex(Flags())
    let signal: Signal
    let lanes = ClaimLanes()
    let looking: Aside<Look>
    let lookingFromTheBeginning: Aside<[ReadyQueue]>
    let auditing: Aside<Audit>
    let pool: Pool
    let claimable: Claimable
    let configuration: WorkerConfiguration
    private let lease: LeaseKeeper
    let running: RunningJobs
    let rescuer: Rescuer
    let counters: Counters
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
        signal = Signal()
        looking = Aside(signal)
        lookingFromTheBeginning = Aside(signal)
        auditing = Aside(signal)
    }

    /// There may be new work: look at once.
    func wake() {
        flags.withLock { $0.mustLook = true }
        signal.set()
    }

    /// Jobs came back into the queue, to the place where they were.
    func wakeForReturned() {
        flags.withLock { $0.mustLookFromTheBeginning = true }
        wake()
    }

    /// A slot is free.
    func slotFreed() { signal.set() }

    func stop() {
        flags.withLock { $0.isStopped = true }
        signal.set()
    }

    var isStopped: Bool { flags.withLock { $0.isStopped } }

    /// Whether somebody asked for a look since the last call.
    func takeRequest() -> (look: Bool, fromTheBeginning: Bool) {
        flags.withLock { flags in
            defer { (flags.mustLook, flags.mustLookFromTheBeginning) = (false, false) }
            return (flags.mustLook, flags.mustLookFromTheBeginning)
        }
    }

    /// - Parameters:
    ///   - backlog: outcomes that wait to be written; when there are too many, nothing is claimed.
    ///   - start: runs claimed jobs.
    ///   - decline: hands back a job that was claimed under a lease that has ended meanwhile.
    func run(backlog: () -> Int, start: ([ClaimedJob]) -> Void, decline: (RunKey) -> Void) async {
        var progress = Progress(share: FairShare(slots: configuration.concurrency, queues: configuration.slots))
        while !isStopped || !lanes.isEmpty {
            do {
                try takeClaims(&progress, start: start, decline: decline)
                try takeLooks(&progress)
                guard !isStopped else {
                    if !lanes.isEmpty { await signal.wait(atMost: configuration.pollInterval) }
                    continue
                }
                guard let workerID = lease.workerID, backlog() <= OutcomeBuffer.batchSize * 4 else {
                    await signal.wait(atMost: configuration.pollInterval)
                    continue
                }
                try await audit(workerID, &progress)
                guard progress.suspects.isEmpty, running.count + lanes.slots < configuration.concurrency,
                    !lanes.isFull
                else {
                    // Nothing could be claimed, so nothing is looked for.
                    await signal.wait(atMost: configuration.pollInterval)
                    continue
                }
                beginLooks(&progress)
                guard await freeSlots(isWorkReady: !progress.ready.isEmpty) > 0, !progress.ready.isEmpty else {
                    await signal.wait(atMost: rest(progress))
                    continue
                }
                let demands = demands(&progress)
                guard !demands.isEmpty else {
                    await signal.wait(atMost: rest(progress))
                    continue
                }
                claim(demands, under: workerID, progress)
            } catch {
                logger.warning("cannot claim jobs, trying again", metadata: ["error": "\(error.loggable)"])
                progress.ready = []
                progress.nextLook = .now
                // What it locked stands before what another one claimed meanwhile.
                progress.floors.reset()
                // The answer of a claim may have been lost after its commit.
                progress.nextAudit = .now
                if isStopped { continue }
                await signal.wait(atMost: progress.backoff.step())
            }
        }
        await looking.stop()
        await lookingFromTheBeginning.stop()
        await auditing.stop()
    }

    /// How long there is nothing to do unless something ends or somebody wakes the loop.
    private func rest(_ progress: Progress) -> Duration {
        if looking.isBusy { return configuration.pollInterval }
        return min(progress.nextLook, progress.floors.nextWholeLook ?? progress.nextLook) - .now
    }

    /// Starts what claims have brought.
    private func takeClaims(
        _ progress: inout Progress, start: ([ClaimedJob]) -> Void, decline: (RunKey) -> Void
    ) throws {
        var failure: (any Error)?
        for claim in lanes.takeEnded() {
            progress.floors.looked(for: claim.duration, claimed: claim.jobs, since: claim.generation)
            let drained = settle(claim, &progress.share)
            failure = failure ?? claim.failure
            guard lease.workerID == claim.workerID, !isStopped else {
                for job in claim.jobs { decline(job.key) }
                // They stand before these again.
                progress.floors.reset()
                continue
            }
            start(Self.inOrder(claim.jobs))
            // The lease may have ended right before they were started, and with it the runs of then.
            if lease.workerID != claim.workerID { running.cancel(claim.jobs.lazy.map(\.key), .leaseLost) }
            // A queue with a rate may have more as soon as there are tokens.
            if let rate = progress.ready.lazy.filter({ drained.contains($0.place) }).compactMap(\.rate).max() {
                progress.nextLook = min(progress.nextLook, .now + max(progress.pause, .seconds(1 / rate)))
            }
            // What a later look found may have come after this claim looked.
            if claim.look == progress.looks { progress.ready.removeAll { drained.contains($0.place) } }
            if claim.failure == nil { progress.backoff.reset() }
        }
        if let failure { throw failure }
    }

    /// The most urgent first; most often all are as urgent.
    private static func inOrder(_ jobs: [ClaimedJob]) -> [ClaimedJob] {
        guard let first = jobs.first, jobs.contains(where: { $0.priority != first.priority }) else { return jobs }
        return jobs.sorted { $0.priority < $1.priority }
    }
}
