/// How long a failed job waits: exponential backoff with full jitter, so that jobs which failed together do not return
/// together. (Brooker, "Exponential Backoff And Jitter", 2015.)
public struct RetryPolicy: Sendable {
    /// The longest wait after the first failure; it doubles with each one.
    public var base: Duration
    /// The longest wait of all.
    public var limit: Duration

    public init(base: Duration = .seconds(2), limit: Duration = .seconds(3600)) {
        self.base = base
        self.limit = limit
    }

    /// A random wait between nothing and the attempt's ceiling. `attempt` counts from 1.
    func delay(afterAttempt attempt: Int) -> Duration {
        ceiling(afterAttempt: attempt) * Double.random(in: 0..<1)
    }

    func ceiling(afterAttempt attempt: Int) -> Duration {
        min(limit, base * (1 << min(max(attempt - 1, 0), 30)))
    }
}
