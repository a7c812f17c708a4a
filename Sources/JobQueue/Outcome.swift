import FoundationEssentials
import Postgres

/// What becomes of a job after a run. It is written only if the job still runs under the same lease.
struct Outcome: Sendable {
    enum Verdict: Sendable {
        case completed
        case returned(Return)
        case dead(Death)
    }

    /// Back to the queue, or into the job with the same unique key that waits there.
    struct Return: Sendable {
        /// `nil`: at once, in its old place.
        var runAt: Date?
        /// Whether the attempt does not count.
        var isUncharged: Bool
        var isRescue = false
        /// A JSON array with the attempt's error, or none.
        var errors = JobFailure.none
    }

    struct Death: Sendable {
        /// As in `job.dead`.
        enum Reason: String, Sendable, PostgresEncodable {
            case permanent, attempts, rescues, unwritable, deadline
        }
        var reason: Reason
        var errors = JobFailure.none
        /// Whether it follows on an attempt that failed.
        var isFailure = false
    }

    let key: RunKey
    /// The run of this worker that had it.
    var run: Run?
    let verdict: Verdict

    /// Whether it takes a job from a run that is over, so that another rescuer may be first.
    var isRescue: Bool {
        switch verdict {
        case .completed: false
        case .returned(let back): back.isRescue
        case .dead(let death): death.reason == .rescues
        }
    }

    /// Whether it gives up a job whose own outcome could not be written.
    var isUnwritable: Bool {
        if case .dead(let death) = verdict { death.reason == .unwritable } else { false }
    }

    /// Whether the attempt failed, as against one that was stopped, put off or never made.
    var isFailure: Bool {
        switch verdict {
        case .completed: false
        case .returned(let back): !back.isUncharged
        case .dead(let death): death.isFailure
        }
    }

    /// The outcome of a run that threw.
    static func failure(
        of run: Run, _ error: any Error, cancelled: Bool, retry: RetryPolicy, clock: ServerClock
    ) -> Outcome {
        let job = run.job
        func entry() -> JSONText { JobFailure.list(attempt: job.attempt, at: clock.now, error: "\(error)") }
        func dead(_ reason: Death.Reason) -> Verdict {
            .dead(Death(reason: reason, errors: entry(), isFailure: true))
        }
        func again(after delay: Duration) -> Verdict {
            guard job.attempt < job.maxAttempts else { return dead(.attempts) }
            let next = clock.now + delay.seconds
            if let deadline = job.deadline, deadline < next { return dead(.deadline) }
            return .returned(Return(runAt: next, isUncharged: false, errors: entry()))
        }
        let verdict: Verdict =
            switch error as? JobError {
            case .permanent: dead(.permanent)
            case .snooze(let delay): .returned(Return(runAt: clock.now + delay.seconds, isUncharged: true))
            case .retry(let delay, _): again(after: delay)
            // One that somebody cancelled ends with this; see `job.give_back`.
            case nil where cancelled: .returned(Return(runAt: nil, isUncharged: true))
            case nil: again(after: retry.delay(afterAttempt: job.attempt))
            }
        return Outcome(key: job.key, run: run, verdict: verdict)
    }

    /// A job that was claimed too late to be started.
    static func missedDeadline(_ run: Run, clock: ServerClock) -> Outcome {
        let errors = JobFailure.list(
            attempt: run.job.attempt, at: clock.now, error: "it could not be started before its deadline")
        return Outcome(key: run.job.key, run: run, verdict: .dead(Death(reason: .deadline, errors: errors)))
    }

    /// The same of a run.
    static func handBack(_ run: Run) -> Outcome {
        Outcome(key: run.job.key, run: run, verdict: .returned(Return(runAt: nil, isUncharged: true)))
    }

    /// A running job that goes back as if it had never been claimed.
    static func handBack(_ key: RunKey) -> Outcome {
        Outcome(key: key, verdict: .returned(Return(runAt: nil, isUncharged: true)))
    }

    /// A job that nobody runs: back to the queue, unless it has brought down too many workers.
    static func rescue(_ orphan: Orphan, limit: Int, clock: ServerClock) -> Outcome {
        guard orphan.rescues + 1 < limit else {
            let text = "its worker died or lost it \(orphan.rescues + 1) times"
            let errors = JobFailure.list(attempt: orphan.attempt, at: clock.now, error: text)
            return Outcome(key: orphan.key, verdict: .dead(Death(reason: .rescues, errors: errors)))
        }
        return Outcome(key: orphan.key, verdict: .returned(Return(runAt: nil, isUncharged: true, isRescue: true)))
    }
}

extension Duration {
    var seconds: TimeInterval {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// A random duration between a half and one and a half of this one.
    var jittered: Duration { self * Double.random(in: 0.5..<1.5) }
}
