import Logging
import Postgres

/// Runs handlers and turns what they throw into outcomes.
struct Runner: Sendable {
    let handlers: HandlerRegistry
    let retry: RetryPolicy
    let clock: ServerClock
    let logger: Logger

    enum End: Sendable {
        /// To be written.
        case outcome(Outcome)
        /// The handler's own transaction completed the job.
        case completed
        /// Others may run the job by now.
        case fenced
    }

    func run(_ job: ClaimedJob, _ cancellation: Cancellation) async -> End {
        guard let handler = handlers.handlers[job.kind] else { return .outcome(.handBack(job.key)) }
        if let deadline = job.deadline, deadline < clock.now {
            let outcome = Outcome.missedDeadline(job, clock: clock)
            logger.error("a job missed its deadline", metadata: ["job_id": "\(job.key.id)", "kind": "\(job.kind)"])
            return .outcome(outcome)
        }
        let context = JobContext(job: job, cancellation: cancellation, logger: logger)
        do {
            try await handler.run(job.parameters, context)
            if context.completion.isUsed { return .completed }
            if cancellation.reason == .leaseLost { return .fenced }
            return .outcome(Outcome(key: job.key, verdict: .completed))
        } catch {
            let reason = cancellation.reason
            // The job was given to another run meanwhile: what this one wrote was undone.
            let isFenced = (error as? PostgresError)?.state == Completion.fenced
            guard reason != .leaseLost, !isFenced else { return .fenced }
            let outcome = Outcome.failure(of: job, error, cancelled: reason != nil, retry: retry, clock: clock)
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
