/// Waits that double up to a limit, jittered.
struct Backoff {
    private var next: Duration
    private let first: Duration
    private let limit: Duration

    init(first: Duration = .milliseconds(50), limit: Duration = .seconds(5)) {
        self.first = first
        self.limit = limit
        next = first
    }

    /// How long to wait now.
    mutating func step() -> Duration {
        defer { next = min(next * 2, limit) }
        return next.jittered
    }

    mutating func sleep() async {
        await Signal().wait(atMost: step())
    }

    mutating func reset() { next = first }
}
