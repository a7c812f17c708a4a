import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// Takes back jobs that nobody runs. Every worker has one, and any number of them may be at work: the lease decides.
struct Rescuer: Sendable {
    private static let batchSize = 500
    private static let longestRest = Duration.seconds(15)

    let pool: Pool
    let writer: OutcomeWriter
    let claimable: Claimable
    let configuration: WorkerConfiguration
    let clock: ServerClock
    let logger: Logger

    /// Looks for the jobs of dead workers until the task is cancelled.
    func run(onRescued: @Sendable () -> Void) async {
        var stranded = StrandedJobs(pool: pool, claimable: claimable)
        var (nextLook, nextReport) = (ContinuousClock.now, ContinuousClock.now)
        while !Task.isCancelled {
            do {
                let names = try await pool.pipeline(WorkerStatements.expire)
                for name in names { logger.warning("a worker died", metadata: ["worker": "\(name)"]) }
                // Without a death there is only what somebody left who died while it rescued, or that was locked.
                if !names.isEmpty || ContinuousClock.now >= nextLook {
                    nextLook = .now
                    nextLook = .now + (try await rescueOrphans(onRescued))
                }
            } catch {
                if Task.isCancelled { return }
                // The answer that told of a death may have been lost.
                nextLook = .now
                logger.warning("cannot look for lost jobs", metadata: ["error": "\(error.loggable)"])
            }
            if ContinuousClock.now >= nextReport {
                let began = ContinuousClock.now
                do { for finding in try await stranded.look() { finding.log(to: logger) } } catch {
                    if Task.isCancelled { return }
                    logger.warning("cannot look for jobs that nobody takes", metadata: ["error": "\(error.loggable)"])
                }
                nextReport = .now + Restraint.rest(after: .now - began)
            }
            await Signal().wait(atMost: configuration.rescueInterval.jittered)
        }
    }

    /// Takes back jobs that were claimed, but the answer to the claim was lost; whether there were any.
    ///
    /// - Parameter isWorthIt: asked before it is tried again while the database is away.
    func takeBack(lost: [Orphan], while isWorthIt: @escaping @Sendable () -> Bool) async -> Bool {
        guard !lost.isEmpty else { return false }
        logger.warning("claimed jobs had been lost", metadata: ["jobs": "\(lost.count)"])
        _ = await takeBack(lost, while: isWorthIt)
        return true
    }

    /// Rescues what there is; gives how long to rest before the next look without a death.
    private func rescueOrphans(_ onRescued: () -> Void) async throws -> Duration {
        while true {
            let began = ContinuousClock.now
            let orphans = try await pool.pipeline(WorkerStatements.orphans(limit: Self.batchSize))
            let rest = Restraint.rest(after: .now - began, atMost: Self.longestRest)
            guard !orphans.isEmpty else { return rest }
            let locked = await takeBack(orphans, while: { !Task.isCancelled })
            if locked < orphans.count { onRescued() }
            if locked > 0 { return .zero }
            guard orphans.count == Self.batchSize, !Task.isCancelled else { return rest }
        }
    }

    /// Gives how many of them somebody keeps locked.
    private func takeBack(_ orphans: [Orphan], while isWorthIt: @escaping @Sendable () -> Bool) async -> Int {
        let outcomes = orphans.map { Outcome.rescue($0, limit: configuration.rescueLimit, clock: clock) }
        for (orphan, outcome) in zip(orphans, outcomes) {
            guard case .dead = outcome.verdict else { continue }
            logger.error(
                "a job is given up: its workers die",
                metadata: ["job_id": "\(orphan.key.id)", "kind": "\(orphan.kind)"])
        }
        // These are found again by the next look.
        return await writer.write(outcomes, while: isWorthIt).count
    }
}
