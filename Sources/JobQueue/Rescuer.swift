import FoundationEssentials
import Logging
import Postgres
import Synchronization

/// Takes back jobs that nobody runs. Every worker has one, and any number of them may be at work: the lease decides.
struct Rescuer: Sendable {
    private static let batchSize = 500
    private static let longestRest = Duration.seconds(60)

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
                let began = ContinuousClock.now
                // Without a death there is only what somebody else left who died while it rescued.
                if !names.isEmpty || began >= nextLook {
                    nextLook = began
                    if try await rescueOrphans() > 0 { onRescued() }
                    nextLook = .now + Restraint.rest(after: .now - began, atMost: Self.longestRest)
                }
                let looked = ContinuousClock.now
                if looked >= nextReport {
                    for finding in try await stranded.look() { finding.log(to: logger) }
                    nextReport = .now + Restraint.rest(after: .now - looked)
                }
            } catch {
                if Task.isCancelled { return }
                // The answer that told of a death may have been lost.
                nextLook = .now
                logger.warning("cannot look for lost jobs", metadata: ["error": "\(error.loggable)"])
            }
            await Signal().wait(atMost: configuration.rescueInterval.jittered)
        }
    }

    /// Takes back what runs under the worker's name though the worker knows nothing of it: the answer to its claim was
    /// lost.
    ///
    /// Called between claims only, so that none is under way.
    /// - Parameters:
    ///   - held: what the worker knew of before this call.
    ///   - isWorthIt: asked before it is tried again while the database is away.
    func takeBackLost(
        of workerID: UUID, held: Set<RunKey>, while isWorthIt: @escaping @Sendable () -> Bool
    ) async throws {
        let running = try await pool.pipeline(WorkerStatements.running(under: workerID))
        let lost = running.filter { !held.contains($0.key) }
        guard !lost.isEmpty else { return }
        logger.warning("claimed jobs had been lost", metadata: ["jobs": "\(lost.count)"])
        await takeBack(lost, while: isWorthIt)
    }

    private func rescueOrphans() async throws -> Int {
        var rescued = 0
        while true {
            let orphans = try await pool.pipeline(
                WorkerStatements.orphans(limit: Self.batchSize))
            rescued += orphans.count
            await takeBack(orphans, while: { !Task.isCancelled })
            guard orphans.count == Self.batchSize, !Task.isCancelled else { return rescued }
        }
    }

    private func takeBack(_ orphans: [Orphan], while isWorthIt: @escaping @Sendable () -> Bool) async {
        guard !orphans.isEmpty else { return }
        let outcomes = orphans.map { Outcome.rescue($0, limit: configuration.rescueLimit, clock: clock) }
        for (orphan, outcome) in zip(orphans, outcomes) {
            guard case .dead = outcome.verdict else { continue }
            logger.error(
                "a job is given up: its workers die",
                metadata: ["job_id": "\(orphan.key.id)", "kind": "\(orphan.kind)"])
        }
        // What somebody keeps locked is found again by the next look.
        _ = await writer.write(outcomes, while: isWorthIt)
    }
}
