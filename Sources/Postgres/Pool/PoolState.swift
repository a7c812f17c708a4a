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
    /// Those who wait for the last connection of a closed pool to come back, by their tickets.
    var drainers: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    var created = 0
    var discarded = 0

    /// Connecting failed just now: until then nobody tries again.
    private(set) var retryAt: Moment?
    private(set) var lastFailure: PostgresError?
    /// Whether somebody tries again for those who wait.
    private var isRetrying = false
    private var backoff: Backoff

    init(_ configuration: Configuration) {
        backoff = Backoff(base: configuration.reconnectDelay.lowerBound, limit: configuration.reconnectDelay.upperBound)
    }

    /// The idle connection to lend: the last that this thread watches, so that its answers need no other thread; on a
    /// thread that watches none, the last of all.
    var nearest: Int? {
        guard let here = PollerThread.current else { return idle.indices.last }
        return idle.lastIndex { $0.session.isWatched(by: here) } ?? idle.indices.last
    }

    /// What can be had without waiting; `nil` when the task has to wait.
    mutating func take(_ configuration: Configuration) -> WaitingLine.Outcome? {
        if isClosed { return .closed }
        if let nearest {
            let idle = idle.remove(at: nearest)
            return .session(idle.session, idleSince: idle.since)
        }
        if open < configuration.maximumConnections {
            if retryAt == nil || retryAt ?? .never <= .now {
                open += 1
                return .mayOpen
            }
            if open == 0, let lastFailure { return .unreachable(lastFailure) }
        }
        return waiters.count < configuration.maximumWaiters ? nil : .full
    }

    /// The server takes connections. Returns those who waited only since it had not, and who may open one now.
    mutating func connected(_ configuration: Configuration) -> [WaitingLine.Continuation] {
        created += 1
        retryAt = nil
        lastFailure = nil
        backoff.reset()
        var woken: [WaitingLine.Continuation] = []
        while open < configuration.maximumConnections, let waiter = waiters.popFirst() {
            open += 1
            woken.append(waiter)
        }
        return woken
    }

    /// Connecting failed. Returns those who wait in vain, since there is no connection that could come back.
    mutating func connectingFailed(_ error: PostgresError) -> [WaitingLine.Continuation] {
        open -= 1
        lastFailure = error
        // Those who failed together count once.
        if retryAt ?? .now <= .now { retryAt = .now + backoff.next() }
        return open == 0 ? waiters.removeAll() : []
    }

    /// Whether somebody has to begin to try again for those who wait, since nobody else does when connecting has failed.
    mutating func beginRetrying() -> Bool {
        guard retryAt != nil, waiters.count > 0, !isRetrying else { return false }
        isRetrying = true
        return true
    }

    /// When to try again; `nil` when nobody has to any more.
    mutating func nextRetry() -> Moment? {
        isRetrying = retryAt != nil && waiters.count > 0
        return isRetrying ? retryAt : nil
    }

    /// Takes a place to try again in; `false` when there is none, or it is not the time.
    mutating func takeRetry(_ configuration: Configuration) -> Bool {
        guard let retryAt, retryAt <= .now, waiters.count > 0, open < configuration.maximumConnections else {
            return false
        }
        open += 1
        return true
    }

    /// Those to tell that a closed pool is empty.
    mutating func drained() -> [UnsafeContinuation<Void, Never>] {
        guard isClosed, open == 0 else { return [] }
        defer { drainers = [:] }
        return Array(drainers.values)
    }
}
