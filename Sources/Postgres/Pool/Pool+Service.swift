import Logging
public import ServiceLifecycle
import Synchronization

extension Pool: Service {
    /// Looks after the pool until the service group shuts down; then refuses new work and returns when what was lent
    /// has come back, at most the configuration's `transactionTimeout` later. Cancelling its task does the same. Throws
    /// nothing. Put it into the group before the services that use it, so that it ends after them.
    ///
    /// While it runs, the minimum of connections is kept open, connections that idled or lived too long are closed, and
    /// the gauges are reported once a second.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.tend()
                // The sleep fails only when the shutdown has begun.
                do { try await Task.sleep(for: .seconds(1)) } catch { break }
            }
        }
        if !(await drain()) { configuration.logger.warning("connections were still lent when the pool was closed") }
    }

    /// Closes idle connections and refuses new work (``PostgresError/Reason/poolClosed``), that of tasks that wait too;
    /// lent connections close when they come back. A closed pool stays closed.
    public func close() {
        let (idle, waiters, drainers) = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            state.open -= state.idle.count
            state.discarded += state.idle.count
            return (state.idle, state.waiters.removeAll(), state.drained())
        }
        for waiter in waiters { waiter.resume(returning: .closed) }
        for drainer in drainers { drainer.resume() }
        if !idle.isEmpty { observation.closed(idle.count) }
    }

    /// Closes the pool and returns when the last connection has come back; `false` when that took too long.
    ///
    /// Cancelling the task does not shorten the wait.
    ///
    /// - Parameter limit: by default the configuration's `transactionTimeout`. A closure that waits for something else
    ///   than the database may keep its connection for longer.
    @discardableResult
    public func drain(within limit: Duration? = nil) async -> Bool {
        close()
        let limit = limit ?? configuration.transactionTimeout
        let ticket = tickets.wrappingAdd(1, ordering: .relaxed).newValue
        var alarm: Task<Void, any Error>?
        await withUnsafeContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.open > 0 { state.drainers[ticket] = continuation }
                return state.open == 0
            }
            if isEmpty { return continuation.resume() }
            alarm = Task.detached {
                try await Task.sleep(for: limit)
                self.state.withLock { $0.drainers.removeValue(forKey: ticket) }?.resume()
            }
        }
        alarm?.cancel()
        return state.withLock { $0.open == 0 }
    }

    /// What the pool has and has done.
    public struct Statistics: Sendable, Equatable {
        /// Connections that are lent or being opened.
        public let inUse: Int
        /// Connections that are open and not lent.
        public let idle: Int
        /// Tasks that wait for a connection.
        public let waiting: Int
        /// Connections made since the pool was.
        public let created: Int
        /// Connections closed, for whatever reason.
        public let discarded: Int
    }

    /// The state at this moment.
    public var statistics: Statistics {
        state.withLock { state in
            Statistics(
                inUse: state.open - state.idle.count, idle: state.idle.count, waiting: state.waiters.count,
                created: state.created, discarded: state.discarded)
        }
    }

    /// Closes what idled or lived too long, and opens what is missing from the minimum.
    private func tend() async {
        let now = Moment.now
        let closed = state.withLock { state in
            var surplus = state.open - configuration.minimumConnections
            var closed: [PoolState.Idle] = []
            state.idle.removeAll { idle in
                let isOld = now >= idle.session.endOfLife
                let isUnused = now >= idle.since + idle.session.idleTimeout && surplus > 0
                guard isOld || isUnused else { return false }
                surplus -= 1
                closed.append(idle)
                return true
            }
            state.open -= closed.count
            return closed
        }
        for idle in closed { discarded(idle.session) }
        await fill()
        observation.report(statistics)
    }

    private func fill() async {
        while !Task.isCancelled {
            let mayOpen = state.withLock { state in
                guard !state.isClosed, state.open < configuration.minimumConnections else { return false }
                if let retryAt = state.retryAt, retryAt > .now { return false }
                state.open += 1
                return true
            }
            guard mayOpen else { return }
            // The failure is logged; the next round tries again.
            do {
                guard let session = try await open() else { return }
                release(session, .now)
            } catch { return }
        }
    }
}
