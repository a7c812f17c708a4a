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

    func run(_ run: Run) async -> End {
        let job = run.job
        guard let handler = handlers.handlers[job.kind] else { return .outcome(.handBack(run)) }
        if let deadline = job.deadline, deadline < clock.now {
            let outcome = Outcome.missedDeadline(run, clock: clock)
            logger.error("a job missed its deadline", metadata: ["job_id": "\(job.key.id)", "kind": "\(job.kind)"])
            return .outcome(outcome)
        }
        let context = JobContext(run, logger: logger)
        do {
            try await handler.run(job.parameters, context)
            if run.isCompleted { return .completed }
            if run.reason == .leaseLost { return .fenced }
            return .outcome(Outcome(key: job.key, run: run, verdict: .completed))
        } catch {
            let reason = run.reason
            // The job was given to another run meanwhile: what this one wrote was undone.
            let isFenced = (error as? PostgresError)?.state == Self.fenced
            guard reason != .leaseLost, !isFenced else { return .fenced }
            let outcome = Outcome.failure(of: run, error, cancelled: reason != nil, retry: retry, clock: clock)
            log(outcome, error, context.logger)
            return .outcome(outcome)
        }
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
