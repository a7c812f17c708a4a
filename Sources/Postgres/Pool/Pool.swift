import Synchronization

/// A bounded pool of connections to one database as one role.
///
/// Connections are opened when they are needed. When all are in use, tasks wait in order of arrival, for a bounded time
/// and up to a bounded number of them.
public final class Pool: Sendable {
    public let configuration: Configuration

    private struct Idle {
        let session: Session
        let since: Moment
    }

    private struct State {
        /// The most recently used stands last and is lent first, so that a quiet pool shrinks.
        var idle: [Idle] = []
        /// Places taken: sessions that idle, are lent or are being opened.
        var open = 0
        var waiters = WaitingLine()
        var isClosed = false
    }

    private let state = Mutex(State())

    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Runs the statements as one transaction in one round trip: BEGIN, `prelude`, the statements, COMMIT.
    ///
    /// The rows are read only after COMMIT was answered.
    public func pipeline<each Output>(
        prelude: [Statement<Void>] = [], _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands = [Command.begin]
        commands.reserveCapacity(prelude.count + 5)
        for statement in prelude { commands.append(statement.preludeCommand) }
        let first = commands.count
        repeat commands.append((each statement).command)
        let rows = try await commit(commands)
        return try decode(repeat each statement, from: rows, startingAt: first)
    }

    private func commit(_ commands: [Command]) async throws -> [Rows?] {
        try await withSession { session in
            do {
                return try await Transaction.commit(on: session, after: commands)
            } catch {
                await session.rollBack()
                throw error
            }
        }
    }

    /// Lends a transaction. It commits when the closure returns and rolls back when it throws; the closure's own error comes
    /// out unchanged.
    ///
    /// - Parameter timeout: how long the connection may be kept, instead of the configuration's `transactionTimeout`.
    public func withTransaction<Result>(
        prelude: [Statement<Void>] = [], timeout: Duration? = nil, _ body: (inout Transaction) async throws -> Result
    ) async throws -> Result {
        try await withSession(timeout: timeout) { try await Transaction.with($0, prelude: prelude, body) }
    }

    /// Closes idle connections and refuses new work; lent connections close when they come back.
    public func close() {
        let (idle, waiters) = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            state.open -= state.idle.count
            return (state.idle, state.waiters.removeAll())
        }
        for waiter in waiters { waiter.resume(returning: .closed) }
        _ = consume idle
    }

    /// Connections in use, idle, and tasks that wait; for tests.
    var counts: (open: Int, idle: Int, waiting: Int) {
        state.withLock { ($0.open, $0.idle.count, $0.waiters.count) }
    }

    // MARK: Lending

    func withSession<Result>(
        timeout: Duration? = nil, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let session = try await acquire()
        session.deadline = .now + (timeout ?? configuration.transactionTimeout)
        defer { release(session) }
        return try await body(session)
    }

    private func acquire() async throws -> Session {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        var outcome = state.withLock { take(from: &$0) }
        while true {
            switch outcome {
            case .session(let session, let idleSince):
                guard isStale(session, idleSince) else { return session }
                session.discard()
                outcome = .mayOpen  // in its place
            case .mayOpen: return try await open()
            case .timedOut, .full: throw PostgresError(.poolExhausted)
            case .cancelled: throw PostgresError(.cancelled)
            case .closed: throw PostgresError(.poolClosed)
            case nil: outcome = await wait()
            }
        }
    }

    /// What can be had without waiting; `nil` when the task has to wait.
    private func take(from state: inout State) -> WaitingLine.Outcome? {
        if state.isClosed { return .closed }
        if let idle = state.idle.popLast() { return .session(idle.session, idleSince: idle.since) }
        if state.open < configuration.maximumConnections {
            state.open += 1
            return .mayOpen
        }
        return state.waiters.count < configuration.maximumWaiters ? nil : .full
    }

    private func isStale(_ session: Session, _ idleSince: Moment) -> Bool {
        let now = Moment.now
        if now >= session.openedAt + configuration.maximumLifetime { return true }
        if now >= idleSince + configuration.idleTimeout { return true }
        return now >= idleSince + configuration.checkAfter && session.looksClosed()
    }

    private func open() async throws -> Session {
        do {
            return try await Session.open(configuration)
        } catch {
            giveUpPlace()
            throw error
        }
    }

    private func release(_ session: Session) {
        let now = Moment.now
        let isOld = now >= session.openedAt + configuration.maximumLifetime
        guard !session.isBroken, !isOld, !session.isInTransaction else {
            giveUpPlace()
            return
        }
        var closed: Session?
        let waiter = state.withLock { state -> WaitingLine.Continuation? in
            if let waiter = state.waiters.popFirst() { return waiter }
            if state.isClosed {
                state.open -= 1
                return nil
            }
            if let oldest = state.idle.first, now >= oldest.since + configuration.idleTimeout {
                closed = state.idle.removeFirst().session
                state.open -= 1
            }
            state.idle.append(Idle(session: session, since: now))
            return nil
        }
        waiter?.resume(returning: .session(session, idleSince: now))
        _ = consume closed
    }

    /// A connection is gone: the next one who waits may open another in its place.
    private func giveUpPlace() {
        let waiter = state.withLock { state -> WaitingLine.Continuation? in
            if let waiter = state.waiters.popFirst() { return waiter }
            state.open -= 1
            return nil
        }
        waiter?.resume(returning: .mayOpen)
    }

    // MARK: Waiting

    private func wait() async -> WaitingLine.Outcome {
        let deadline = ContinuousClock.now + configuration.acquireTimeout
        let ticket = state.withLock { $0.waiters.ticket() }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                var needsTimer = false
                let outcome = state.withLock { state -> WaitingLine.Outcome? in
                    if Task.isCancelled { return .cancelled }
                    // A connection may have come back since the look that led here.
                    if let outcome = take(from: &state) { return outcome }
                    needsTimer = state.waiters.append(ticket, until: deadline, continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
                if needsTimer { startTimer() }
            }
        } onCancel: {
            state.withLock { $0.waiters.remove(ticket) }?.resume(returning: .cancelled)
        }
    }

    /// Ends the waits that took too long: one task for all of them, as long as somebody waits.
    private func startTimer() {
        Task.detached { [weak self] in
            while let next = self?.expireWaiters() {
                try await Task.sleep(until: next, clock: .continuous)
            }
        }
    }

    /// Returns when to look again; `nil` when nobody waits any more.
    private func expireWaiters() -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        let (late, next) = state.withLock { $0.waiters.expire(at: now) }
        for waiter in late { waiter.resume(returning: .timedOut) }
        return next
    }
}
