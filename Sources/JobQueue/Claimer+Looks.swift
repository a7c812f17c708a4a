import FoundationEssentials
import Logging
import Postgres

/// Looks for who has ready work, and for runs that were lost.
extension Claimer {
    /// What a look found.
    struct Look: Sendable {
        let ready: [ReadyQueue]
        /// How long finding it took.
        let duration: Duration
        /// Whether more is due than it made ready.
        let hasMore: Bool
        /// Whether it began at the beginning, and the generation of the places otherwise.
        let isWhole: Bool
        let generation: Int
    }

    /// The runs of a worker according to the database.
    struct Audit: Sendable {
        let workerID: UUID
        let runs: [Orphan]
    }

    /// A look from the beginning may step over millions of dead entries.
    private static let longestLook = Duration.seconds(600)
    private static let longestAuditRest = Duration.seconds(5)

    /// Begins the looks that are due.
    func beginLooks(_ progress: inout Progress) {
        if !looking.isBusy {
            let request = takeRequest()
            if request.fromTheBeginning { progress.floors.reset() }
            if request.look || ContinuousClock.now >= progress.nextLook {
                let floors = progress.floors
                looking.begin { try await self.look(floors) }
            }
        }
        if progress.floors.beginWholeLook() {
            let (pool, claimable) = (pool, claimable)
            lookingFromTheBeginning.begin {
                try await pool.withTransaction(timeout: Self.longestLook) { transaction in
                    try await transaction.run(ClaimStatements.ready(claimable, after: ReadyFloors()))
                }
            }
        }
    }

    /// Takes what looks have found.
    func takeLooks(_ progress: inout Progress) throws {
        if let ended = lookingFromTheBeginning.take() {
            var found: [ReadyQueue]?
            switch ended.result {
            case .success(let queues): found = queues
            case .failure(let error):
                logger.warning("cannot look for ready jobs", metadata: ["error": "\(error.loggable)"])
            }
            if progress.floors.endWholeLook(found: found, took: ended.duration) { wake() }
        }
        guard let look = try looking.take()?.result.get() else { return }
        progress.looks += 1
        progress.floors.looked(for: look.duration, claimed: [], since: look.generation)
        if look.isWhole, look.generation == progress.floors.generation { progress.floors.found(look.ready) }
        progress.pause = max(Self.shortestPause, look.duration * 10)
        progress.ready = look.ready.filter { $0.wait == .zero }
        progress.nextLook = .now + configuration.pollInterval * Double.random(in: 0.5...1)
        let token = look.ready.lazy.map(\.wait).filter { $0 > .zero }.min()
        if let token { progress.nextLook = min(progress.nextLook, .now + max(progress.pause, token)) }
        if look.hasMore { wake() }
    }

    /// Promotes what is due and finds who has ready work.
    private func look(_ floors: ReadyFloors) async throws -> Look {
        let began = ContinuousClock.now
        let (due, ready) = try await pool.pipeline(
            ClaimStatements.due, ClaimStatements.ready(claimable, after: floors))
        let duration = ContinuousClock.now - began
        func look(_ ready: [ReadyQueue], hasMore: Bool) -> Look {
            Look(
                ready: ready, duration: duration, hasMore: hasMore, isWhole: floors.isEmpty,
                generation: floors.generation)
        }
        guard !due.isEmpty else { return look(ready, hasMore: false) }
        let (promoted, readyNow) = try await pool.pipeline(
            ClaimStatements.promote(due), ClaimStatements.ready(claimable, after: floors))
        return look(readyNow, hasMore: promoted >= ClaimStatements.promotionLimit)
    }

    // MARK: Runs that were lost

    /// Compares what runs under the worker's name according to the database with what the worker knows, now and then and
    /// after a claim without an answer, and takes the rest back.
    func audit(_ workerID: UUID, _ progress: inout Progress) async throws {
        if let ended = auditing.take() {
            let rest = Restraint.rest(after: ended.duration, atMost: Self.longestAuditRest)
            progress.nextAudit = .now + max(configuration.timeToLive, rest)
            do {
                let audit = try ended.result.get()
                if audit.workerID == workerID { progress.suspects = running.unknown(among: audit.runs) }
            } catch {
                running.endAudit()
                throw error
            }
            if progress.suspects.isEmpty { running.endAudit() }
        }
        if !progress.suspects.isEmpty, lanes.isEmpty {
            // What a claim brought that was under way is known by now.
            let lost = running.unknown(among: progress.suspects)
            progress.suspects = []
            running.endAudit()
            if await rescuer.takeBack(lost: lost, while: { !self.isStopped }) { wakeForReturned() }
        }
        if ContinuousClock.now >= progress.nextAudit, !auditing.isBusy, progress.suspects.isEmpty {
            let pool = pool
            running.beginAudit()
            auditing.begin {
                Audit(workerID: workerID, runs: try await pool.pipeline(WorkerStatements.running(under: workerID)))
            }
        }
    }
}
