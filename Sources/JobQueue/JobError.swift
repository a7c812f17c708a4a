/// What a handler throws when it knows better than the retry policy what should happen to its job.
///
/// Any other error is a failed attempt: it is retried with backoff, and the job is dead-lettered when no attempt is
/// left.
public enum JobError: Error, Sendable {
    /// Trying again cannot help: the job is dead-lettered at once.
    case permanent(String)
    /// Not now: the job waits this long, without an attempt being charged.
    case snooze(Duration)
    /// The attempt failed; the next one starts after this long instead of the usual backoff.
    case retry(after: Duration, reason: String? = nil)
}

extension JobError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .permanent(let reason): reason
        case .snooze(let duration): "snoozed for \(duration)"
        case .retry(_, let reason): reason ?? "the handler asked for another attempt"
        }
    }
}
