import Synchronization

/// Counts requests by token buckets, in this process: each server lets through as much as the settings say.
final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    /// Full buckets are forgotten when there are so many.
    private let capacity = 50_000

    private let buckets = Mutex<[Key: Bucket]>([:])

    /// Puts a token back that led to nothing.
    func giveBack(_ id: Key) { buckets.withLock { $0[id]?.tokens += 1 } }

    /// Takes a token of the bucket, which holds a second's worth and fills as fast.
    func take(_ id: Key, perSecond rate: Int, at now: ContinuousClock.Instant = .now) -> RateAllowance {
        buckets.withLock { buckets in
            let size = Double(rate)
            var bucket = buckets[id] ?? Bucket(tokens: size, at: now)
            bucket.tokens = min(size, bucket.tokens + max(0, (now - bucket.at) / .seconds(1)) * size)
            bucket.at = now
            defer {
                if buckets.count >= capacity {
                    buckets = buckets.filter { (now - $0.value.at) < .seconds(1) }
                    // So many at once are no callers to be fair to.
                    if buckets.count >= capacity { buckets = [:] }
                }
                buckets[id] = bucket
            }
            guard bucket.tokens >= 1 else {
                return RateAllowance(limit: rate, remaining: 0, wait: .seconds((1 - bucket.tokens) / size))
            }
            bucket.tokens -= 1
            return RateAllowance(limit: rate, remaining: Int(bucket.tokens), wait: .zero)
        }
    }
}

/// What is left of a limit after a request.
struct RateAllowance: Sendable {
    let limit: Int
    let remaining: Int
    /// Until a request is let through again; zero when this one was.
    let wait: Duration
}
