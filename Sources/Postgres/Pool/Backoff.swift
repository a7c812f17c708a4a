/// How long to wait before the next attempt: doubling from the base up to the limit, each between half and the whole of
/// that, so that those who failed together do not come back together.
struct Backoff {
    let base: Duration
    let limit: Duration
    private(set) var failures = 0

    init(base: Duration, limit: Duration) {
        self.base = base
        self.limit = limit
    }

    mutating func next() -> Duration {
        let whole = min(limit, base * (1 << min(failures, 20)))
        failures += 1
        return whole * Double.random(in: 0.5...1)
    }

    mutating func reset() { failures = 0 }
}
