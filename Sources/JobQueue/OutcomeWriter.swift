import Logging
import Postgres

/// Writes outcomes to the database until it has answered for each one of them.
///
/// While the database is away a batch is tried again with backoff. A batch that one row breaks is split; the row itself
/// is tried again when it only met somebody else's lock, and dead-lettered when it cannot be written at all.
struct OutcomeWriter: Sendable {
    let pool: Pool
    let running: RunningJobs
    let counters: Counters
    let clock: ServerClock
    let logger: Logger
    /// Called when `job.done` has no partition for today.
    let makePartitions: @Sendable () async throws -> Void

    /// - Parameter isWorthIt: asked before a batch is tried again while the database is away.
    /// - Returns: the outcomes of jobs that somebody keeps locked: they are not written.
    func write(_ outcomes: [Outcome], while isWorthIt: @Sendable () -> Bool) async -> [Outcome] {
        var completed: [Outcome] = []
        var returned: [Outcome] = []
        var dead: [Outcome] = []
        for outcome in outcomes {
            switch outcome.verdict {
            case .completed: completed.append(outcome)
            case .returned: returned.append(outcome)
            case .dead: dead.append(outcome)
            }
        }
        var locked: [Outcome] = []
        for batch in [completed, returned, dead] where !batch.isEmpty {
            locked += await write(batch: batch, while: isWorthIt)
        }
        return locked
    }

    /// Writes an outcome however long somebody keeps its job locked.
    func write(patiently outcome: Outcome, while isWorthIt: @Sendable () -> Bool) async {
        _ = await write(batch: [outcome], isPatient: true, while: isWorthIt)
    }

    /// How often a batch is tried, within one and a half seconds, before an error that says not whose fault it is counts as
    /// a row's.
    private static let doubts = 6

    /// - Parameter hasDoubts: whether an unclear error may still be nobody's fault.
    private func write(
        batch: [Outcome], isPatient: Bool = false, hasDoubts: Bool = true, while isWorthIt: @Sendable () -> Bool
    ) async -> [Outcome] {
        // Who is patient tries again often enough to notice that the worker ends.
        var backoff = isPatient ? Backoff(limit: .milliseconds(500)) : Backoff()
        var isRetry = false
        var unclear = 0
        while true {
            let failure: WriteFailure
            let text: String
            do {
                let applied = try await pool.pipeline(prelude: [OutcomeStatements.patience], statement(batch))
                confirm(batch, applied: applied, isRetry: isRetry)
                return []
            } catch {
                failure = WriteFailure(error)
                text = error.loggable
            }
            logger.warning(
                "outcomes of jobs were not written", metadata: ["jobs": "\(batch.count)", "error": "\(text)"])
            if failure == .unclear { unclear += 1 }
            switch failure {
            case .unclear where isPatient || hasDoubts && unclear < Self.doubts: break
            case .contended where batch.count > 1, .refused where batch.count > 1, .unclear where batch.count > 1:
                let middle = batch.count / 2
                let hasDoubts = hasDoubts && failure != .unclear
                var locked: [Outcome] = []
                for half in [batch[..<middle], batch[middle...]] {
                    locked += await write(
                        batch: Array(half), isPatient: isPatient, hasDoubts: hasDoubts, while: isWorthIt)
                }
                return locked
            case .contended where isRetry && !isPatient:
                return batch
            // Not even burying it helps: it waits apart until somebody has mended what stands against it.
            case .unclear where batch[0].isUnwritable: return batch
            case .refused, .unclear:
                return await bury(batch, text, isPatient: isPatient, while: isWorthIt)
            case .partitionMissing:
                do { try await makePartitions() } catch {
                    logger.error("cannot make partitions of job.done", metadata: ["error": "\(error.loggable)"])
                }
            case .contended, .unavailable: break
            }
            guard isWorthIt() else {
                logger.error("outcomes of jobs are left to the rescue", metadata: ["jobs": "\(batch.count)"])
                running.confirm(batch)
                return []
            }
            isRetry = true
            await backoff.sleep()
        }
    }

    /// A row that cannot be written as it is. What cannot even be buried stays running in the database until it is
    /// rescued.
    private func bury(
        _ batch: [Outcome], _ error: String, isPatient: Bool, while isWorthIt: @Sendable () -> Bool
    ) async -> [Outcome] {
        var locked: [Outcome] = []
        for outcome in batch {
            let metadata: Logger.Metadata = ["job_id": "\(outcome.key.id)", "error": "\(error)"]
            if outcome.isUnwritable {
                logger.critical("a job's outcome cannot be written at all", metadata: metadata)
                running.confirm([outcome])
                continue
            }
            logger.error("a job's outcome cannot be written, so it is given up", metadata: metadata)
            let errors = JobFailure.list(attempt: 0, at: clock.now, error: error)
            let death = Outcome.Death(reason: .unwritable, errors: errors)
            let buried = Outcome(key: outcome.key, run: outcome.run, verdict: .dead(death))
            // Whoever keeps it waits apart with the outcome that it has.
            if await !write(batch: [buried], isPatient: isPatient, while: isWorthIt).isEmpty { locked.append(outcome) }
        }
        return locked
    }

    private func statement(_ batch: [Outcome]) -> Statement<Int> {
        switch batch[0].verdict {
        case .completed: return OutcomeStatements.complete(batch)
        case .returned:
            return OutcomeStatements.giveBack(
                batch.compactMap { outcome in
                    guard case .returned(let back) = outcome.verdict else { return nil }
                    return (outcome.key, back)
                })
        case .dead:
            return OutcomeStatements.bury(
                batch.compactMap { outcome in
                    guard case .dead(let death) = outcome.verdict else { return nil }
                    return (outcome.key, death)
                })
        }
    }

    private func confirm(_ batch: [Outcome], applied: Int, isRetry: Bool) {
        running.confirm(batch)
        let first = batch[0]
        counters.update { counts in
            switch first.verdict {
            case .completed: counts.completed += applied
            case .returned: counts.returned += applied
            case .dead: counts.dead += applied
            }
            if first.isRescue { counts.rescued += applied }
        }
        let refused = batch.count - applied
        // The try before may have been committed without an answer, and several workers rescue the same jobs.
        guard refused > 0, !isRetry, !first.isRescue else { return }
        counters.update { $0.fenced += refused }
        logger.warning("late outcomes of jobs were refused", metadata: ["jobs": "\(refused)"])
    }
}
