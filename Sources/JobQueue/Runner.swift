import Logging
import Postgres

/// Runs handlers and turns what they throw into outcomes.
struct Runner: Sendable {
    let handlers: HandlerRegistry
    let retry: RetryPolicy
    let clock: ServerClock
    let logger: Logger

    /// Raised by `job.complete` when the run is not the present one.
    private static let fenced = SQLState(rawValue: "JQ001")

    enum End: Sendable {
        /// To be written.
        case outcome(Outcome)
        /// The handler's own transaction completed the job.
        case completed
        /// Others may run the job by now.
        case fenced
    }

    private enum Declined: Error { case unknownKind, late }

    /// Runs the job's handler, and throws what it throws.
    ///
    /// What stands in the frame of an asynchronous function is kept for as long as the run lasts, and beyond a kilobyte it
    /// costs each run an allocation of its own. So whatever else there is to do is done in functions that do not suspend.
    func run(_ run: Run) async throws {
        try await handler(for: run)(run.job.parameters, JobContext(run, logger: logger))
    }

    @inline(never)
    private func handler(for run: Run) throws -> HandlerRegistry.Body {
        guard let handler = handlers.handlers[run.job.kind] else { throw Declined.unknownKind }
        if let deadline = run.job.deadline, deadline < clock.now { throw Declined.late }
        return handler.run
    }

    /// What comes of a run that threw this, or nothing.
    @inline(never)
    func end(of run: Run, _ error: (any Error)?) -> End {
        switch error {
        case nil where run.isCompleted: .completed
        case nil where run.reason == .leaseLost: .fenced
        case nil: .outcome(Outcome(key: run.job.key, run: run, verdict: .completed))
        case Declined.unknownKind?: .outcome(.handBack(run))
        case Declined.late?: .outcome(late(run))
        case let error?: failure(of: run, error)
        }
    }

    private func late(_ run: Run) -> Outcome {
        logger.error(
            "a job missed its deadline", metadata: ["job_id": "\(run.job.key.id)", "kind": "\(run.job.kind)"])
        return .missedDeadline(run, clock: clock)
    }

    private func failure(of run: Run, _ error: any Error) -> End {
        let reason = run.reason
        // The job was given to another run meanwhile: what this one wrote was undone.
        let isFenced = (error as? PostgresError)?.state == Self.fenced
        guard reason != .leaseLost, !isFenced else { return .fenced }
        let outcome = Outcome.failure(of: run, error, cancelled: reason != nil, retry: retry, clock: clock)
        log(outcome, error, JobContext(run, logger: logger).logger)
        return .outcome(outcome)
    }

    private func log(_ outcome: Outcome, _ error: any Error, _ logger: Logger) {
        switch outcome.verdict {
        case .completed: break
        case .returned(let back) where back.isUncharged: logger.debug("the job goes back to the queue")
        case .returned: logger.info("the job failed and will be tried again", metadata: ["error": "\(error.loggable)"])
        case .dead(let death):
            logger.error(
                "the job is given up", metadata: ["error": "\(error.loggable)", "reason": "\(death.reason.rawValue)"])
        }
        logger.debug("the job's error", metadata: ["error": "\(error)"])
    }
}
