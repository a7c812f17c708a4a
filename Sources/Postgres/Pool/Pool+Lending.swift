import Logging
import Metrics
import Synchronization

/// Connections come and go.
extension Pool {
    /// An idle connection that needs no look at it, if there is one.
    func takeIdle(at now: Moment) -> Session? {
        state.withLock { state in
            guard !state.isClosed, let index = state.nearest else { return nil }
            let nearest = state.idle[index]
            guard now < nearest.since + min(checkAfter, nearest.session.idleTimeout),
                now < nearest.session.endOfLife, !Task.isCancelled
            else {
                return nil
            }
            state.idle.remove(at: index)
            return nearest.session
        }
    }

    func acquire() async throws -> Session {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        var deadline: Moment?
        var outcome = state.withLock { $0.take(configuration) }
        while true {
            switch outcome {
            case .session(let session, let idleSince):
                guard isStale(session, idleSince) else { return session }
                discarded(session)
                outcome = .mayOpen  // in its place
            case .mayOpen:
                if let session = try await open() { return session }
                outcome = await wait(until: &deadline)
            case .unreachable(let error): throw error
            case .timedOut, .full:
                observation.timeouts.increment()
                throw PostgresError(.poolExhausted)
            case .cancelled: throw PostgresError(.cancelled)
            case .closed: throw PostgresError(.poolClosed)
            case nil: outcome = await wait(until: &deadline)
            }
        }
    }

    private func isStale(_ session: Session, _ idleSince: Moment) -> Bool {
        let now = Moment.now
        if now >= session.endOfLife { return true }
        // One of the minimum is kept to be lent, however long that takes.
        if now >= idleSince + session.idleTimeout,
            state.withLock({ $0.open > configuration.minimumConnections })
        {
            return true
        }
        return now >= idleSince + checkAfter && session.looksClosed()
    }

    /// Opens a connection in a place that was taken for it; `nil` when the server refuses to for now, but there are
    /// others, which come back.
    func open() async throws -> Session? {
        do {
            let session = try await Session.open(configuration, timeouts: true)
            let woken = state.withLock { $0.connected(configuration) }
            for waiter in woken { waiter.resume(returning: .mayOpen) }
            observation.opened()
            configuration.logger.debug("connected")
            return session
        } catch let error as PostgresError where error.reason == .cancelled {
            giveUpPlace()
            throw error
        } catch let error as PostgresError {
            configuration.logger.warning("cannot connect", metadata: ["error": "\(error)"])
            let (waiters, drainers, hasOthers, needsRetries) = state.withLock { state in
                (state.connectingFailed(error), state.drained(), state.open > 0, state.beginRetrying())
            }
            if needsRetries { startRetrying() }
            for waiter in waiters { waiter.resume(returning: .unreachable(error)) }
            for drainer in drainers { drainer.resume() }
            guard hasOthers, error.isUnavailable else { throw error }
            return nil
        }
    }

    func release(_ session: Session, _ now: Moment) {
        session.dropNotifications()
        if session.isBroken || session.isInTransaction || now >= session.endOfLife {
            discarded(session)
            giveUpPlace()
            return
        }
        let (waiter, isKept) = state.withLock { state -> (WaitingLine.Continuation?, Bool) in
            if let waiter = state.waiters.popFirst() { return (waiter, true) }
            if state.isClosed { return (nil, false) }
            state.idle.append(PoolState.Idle(session: session, since: now))
            return (nil, true)
        }
        waiter?.resume(returning: .session(session, idleSince: now))
        if !isKept {
            discarded(session)
            giveUpPlace()
        }
    }

    /// Counts a connection that is not lent again.
    func discarded(_ session: Session) {
        session.discard()
        state.withLock { $0.discarded += 1 }
        observation.closed()
    }

    /// A connection is gone: the next one who waits may open another in its place.
    func giveUpPlace() {
        let (waiter, drainers) = state.withLock {
            state -> (WaitingLine.Continuation?, [UnsafeContinuation<Void, Never>]) in
            if let waiter = state.waiters.popFirst() { return (waiter, []) }
            state.open -= 1
            return (nil, state.drained())
        }
        waiter?.resume(returning: .mayOpen)
        for drainer in drainers { drainer.resume() }
    }

    // MARK: Waiting

    /// - Parameter end: when the task has waited long enough, from its first wait on.
    private func wait(until end: inout Moment?) async -> WaitingLine.Outcome {
        let began = Moment.now
        defer { observation.waitTime.recordNanoseconds(Moment.now.nanoseconds - began.nanoseconds) }
        let deadline = end ?? began + configuration.acquireTimeout
        end = deadline
        let ticket = tickets.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                var (needsTimer, needsRetries) = (false, false)
                let outcome = state.withLock { state -> WaitingLine.Outcome? in
                    if Task.isCancelled { return .cancelled }
                    // A connection may have come back since the look that led here.
                    if let outcome = state.take(configuration) { return outcome }
                    needsTimer = state.waiters.append(ticket, until: deadline, continuation)
                    needsRetries = state.beginRetrying()
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
                if needsTimer { startTimer() }
                if needsRetries { startRetrying() }
            }
        } onCancel: {
            state.withLock { $0.waiters.remove(ticket) }?.resume(returning: .cancelled)
        }
    }

    /// Ends the waits that took too long: one task for all of them, as long as somebody waits.
    private func startTimer() {
        Task.detached { [weak self] in
            while let next = self?.expireWaiters() {
                // One that waits again has less time left than those behind it.
                try await Task.sleep(for: min(next - .now, .milliseconds(250)))
            }
        }
    }

    /// Connects for those who wait as soon as the server takes a connection again: one task, as long as somebody waits.
    private func startRetrying() {
        let shortest = max(.milliseconds(1), configuration.reconnectDelay.lowerBound)
        Task.detached { [weak self] in
            while let next = self?.state.withLock({ $0.nextRetry() }) {
                try await Task.sleep(for: max(shortest, next - .now))
                await self?.retry()
            }
        }
    }

    private func retry() async {
        guard state.withLock({ $0.takeRetry(configuration) }) else { return }
        // A failure is logged, and told to those who wait when nothing else is there for them.
        do { if let session = try await open() { release(session, .now) } } catch {}
    }

    /// Returns when to look again; `nil` when nobody waits any more.
    private func expireWaiters() -> Moment? {
        let now = Moment.now
        let (late, next) = state.withLock { $0.waiters.expire(at: now) }
        for waiter in late { waiter.resume(returning: .timedOut) }
        return next
    }
}
