import Logging

/// Runs handlers and turns what they throw into outcomes.
struct Runner: Sendable {
    let handlers: HandlerRegistry
    let retry: RetryPolicy
    let clock: ServerClock
    let logger: Logger

    /// `nil` when the outcome must be dropped.
    func run(_ job: ClaimedJob, _ cancellation: Cancellation) async -> Outcome? {
        guard let handler = handlers.handlers[job.kind] else { return .handBack(job.key) }
        let context = JobContext(job: job, cancellation: cancellation, logger: logger)
        do {
            try await handler.run(job.parameters, context)
            return cancellation.reason == .leaseLost ? nil : Outcome(key: job.key, verdict: .completed)
        } catch {
            let reason = cancellation.reason
            guard reason != .leaseLost else { return nil }
            let outcome = Outcome.failure(of: job, error, cancelled: reason == .shutdown, retry: retry, clock: clock)
            log(outcome, error, context.logger)
            return outcome
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
