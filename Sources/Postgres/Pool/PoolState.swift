/// Who has which connection; changed under the pool's lock.
struct PoolState {
    struct Idle {
        let session: Session
        let since: Moment
    }

    /// The most recently used stands last and is lent first, so that a quiet pool shrinks.
    var idle: [Idle] = []
    /// Places taken: sessions that idle, are lent or are being opened.
    var open = 0
    var waiters = WaitingLine()
    var isClosed = false
    /// Those who wait for the last connection of a closed pool to come back.
    var drainers: [UnsafeContinuation<Void, Never>] = []
    var created = 0
    var discarded = 0

    /// Connecting failed just now: until then nobody tries again.
    private(set) var retryAt: Moment?
    private(set) var lastFailure: PostgresError?
    private var backoff: Backoff

    init(_ configuration: Configuration) {
        backoff = Backoff(base: configuration.reconnectDelay.lowerBound, limit: configuration.reconnectDelay.upperBound)
    }

    /// What can be had without waiting; `nil` when the task has to wait.
    mutating func take(_ configuration: Configuration) -> WaitingLine.Outcome? {
        if isClosed { return .closed }
        if let idle = idle.popLast() { return .session(idle.session, idleSince: idle.since) }
        if open < configuration.maximumConnections {
            if retryAt == nil || retryAt ?? .never <= .now {
                open += 1
                return .mayOpen
            }
            if open == 0, let lastFailure { return .unreachable(lastFailure) }
        }
        return waiters.count < configuration.maximumWaiters ? nil : .full
    }

    mutating func connected() {
        created += 1
        retryAt = nil
        lastFailure = nil
        backoff.reset()
    }

    /// Connecting failed. Returns those who wait in vain, since there is no connection that could come back.
    mutating func connectingFailed(_ error: PostgresError) -> [WaitingLine.Continuation] {
        open -= 1
        lastFailure = error
        retryAt = .now + backoff.next()
        return open == 0 ? waiters.removeAll() : []
    }

    /// Those to tell that a closed pool is empty.
    mutating func drained() -> [UnsafeContinuation<Void, Never>] {
        guard isClosed, open == 0 else { return [] }
        defer { drainers = [] }
        return drainers
    }
}
