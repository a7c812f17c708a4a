import Metrics
import Synchronization

/// The look-ups of a pool that come from one poller's thread. Those that come while others are under way wait for them, and
/// make the next trip together: one message to a server process, one wake-up of it, and one answer.
///
/// Each is a transaction of its own, from its BEGIN to its COMMIT, but one Sync ends them all: behind one that fails the
/// server skips the others, and these are run by themselves.
final class Lookups: Sendable {
    /// How many make one trip at most.
    private static let limit = 32
    /// How long a trip may keep others waiting: then they make another one.
    private static let patience = Nanoseconds(.milliseconds(20))

    /// How many trips are under way at a time, as long as none keeps others waiting for long.
    private static let tripsAtOnce = 2

    private struct State {
        var waiting: [Lookup] = []
        var trips: [LookupTrip] = []
        /// Whether a trip is about to leave.
        var isLeaving = false
        /// Whether somebody looks for trips that keep others waiting.
        var isWatched = false

        /// Whether somebody has to begin to look after those who wait, since nobody else does.
        mutating func beginWatching() -> Bool {
            guard !waiting.isEmpty, !isLeaving, !isWatched else { return false }
            isWatched = true
            return true
        }

        /// Whether those who look after them have to go on.
        mutating func goOnWatching() -> Bool {
            isWatched = !waiting.isEmpty
            return isWatched
        }

        /// Whether too few trips are under way that may be over soon.
        func mayLeave(at now: @autoclosure () -> Moment) -> Bool {
            guard !isLeaving else { return false }
            guard trips.count >= tripsAtOnce else { return true }
            let late = now()
            return trips.count { late < $0.leftAt + patience } < tripsAtOnce
        }
    }

    private enum Next { case leave, watch, wait, refuse(PostgresError.Reason) }

    private let state = Mutex(State())

    /// Waits for the answers to a read. Cancelling the task ends the wait; the server is told to stop when nobody waits for
    /// anything of the trip any more.
    func outcome(of commands: [Command], in pool: Pool) async -> Lookup.Outcome {
        let lookup = Lookup(commands)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { add(lookup, $0, pool) }
        } onCancel: {
            cancel(lookup)
        }
    }

    private func add(_ lookup: Lookup, _ continuation: Lookup.Continuation, _ pool: Pool) {
        let next = state.withLock { state -> Next in
            if lookup.isCancelled { return .refuse(.cancelled) }
            let limit = max(pool.configuration.maximumWaiters, Self.limit * Self.tripsAtOnce)
            guard state.waiting.count < limit else { return .refuse(.poolExhausted) }
            lookup.continuation = continuation
            state.waiting.append(lookup)
            if state.mayLeave(at: .now) {
                state.isLeaving = true
                return .leave
            }
            return state.beginWatching() ? .watch : .wait
        }
        switch next {
        // After what the thread has to do already, which may bring more of them.
        case .leave: PollingExecutor.afterwards { self.leave(pool) }
        case .watch: watch(pool)
        case .wait: break
        case .refuse(let reason):
            if reason == .poolExhausted { pool.observation.timeouts.increment() }
            continuation.resume(returning: .failed(PostgresError(reason)))
        }
    }

    private func cancel(_ lookup: Lookup) {
        let (continuation, task) = state.withLock { state -> (Lookup.Continuation?, Task<Void, Never>?) in
            lookup.isCancelled = true
            guard let continuation = lookup.continuation else { return (nil, nil) }
            lookup.continuation = nil
            guard let trip = lookup.trip else {
                state.waiting.removeAll { $0 === lookup }
                return (continuation, nil)
            }
            trip.wanted -= 1
            return (continuation, trip.wanted == 0 ? trip.task : nil)
        }
        continuation?.resume(returning: .failed(PostgresError(.cancelled)))
        task?.cancel()
    }

    /// Has as many trips leave as may.
    private func leave(_ pool: Pool) {
        let (trips, isToBeWatched) = state.withLock { state -> ([LookupTrip], Bool) in
            state.isLeaving = false
            var trips: [LookupTrip] = []
            let now = Moment.now
            while !state.waiting.isEmpty, state.mayLeave(at: now) {
                let trip = LookupTrip(Array(state.waiting.prefix(Self.limit)), leavingAt: now)
                state.waiting.removeFirst(trip.lookups.count)
                state.trips.append(trip)
                trips.append(trip)
            }
            return (trips, state.beginWatching())
        }
        for trip in trips {
            let task = Task(executorPreference: PollingExecutor.shared) { await self.travel(trip, pool) }
            let isUnwanted = state.withLock { _ in
                trip.task = task
                return trip.wanted == 0
            }
            if isUnwanted { task.cancel() }
        }
        if isToBeWatched { watch(pool) }
    }

    private func travel(_ trip: LookupTrip, _ pool: Pool) async {
        let outcomes = await outcomes(of: trip, pool)
        let (continuations, areOthersWaiting) = state.withLock { state in
            state.trips.removeAll { $0 === trip }
            return (
                trip.lookups.map { lookup in
                    defer { (lookup.continuation, lookup.trip) = (nil, nil) }
                    return lookup.continuation
                }, !state.waiting.isEmpty && !state.isLeaving
            )
        }
        if areOthersWaiting { leave(pool) }
        for (continuation, outcome) in zip(continuations, outcomes) { continuation?.resume(returning: outcome) }
    }

    private func outcomes(of trip: LookupTrip, _ pool: Pool) async -> [Lookup.Outcome] {
        do {
            var rows = try await pool.commit(trip.commands)[...]
            pool.observation.transactions.increment(by: trip.lookups.count - 1)
            return trip.lookups.map { lookup in
                defer { rows = rows.dropFirst(lookup.answers) }
                return .answered(Array(rows.prefix(lookup.answers)))
            }
        } catch {
            let outcome = Self.outcome(after: error, isSole: trip.lookups.count == 1)
            return trip.lookups.map { _ in outcome }
        }
    }

    /// What failed may be another's, so that it is run by itself; but not what has cost all of its time already, nor what
    /// would fail again.
    private static func outcome(after error: any Error, isSole: Bool) -> Lookup.Outcome {
        guard let failure = error as? PostgresError else { return .failed(error) }
        switch failure.reason {
        // Whose statement it names is not known.
        case .cancelled, .deadline, .poolExhausted, .poolClosed:
            return .failed(isSole ? failure : PostgresError(failure.reason))
        // It was the connection's end, which says nothing against the statement.
        case .connection: return .alone
        case .server where failure.report?.severity != "ERROR": return .alone
        default: return isSole ? .failed(failure) : .alone
        }
    }

    /// Has those leave whom a trip keeps waiting: one task, as long as somebody waits.
    private func watch(_ pool: Pool) {
        Task.detached {
            repeat {
                try await Task.sleep(nanoseconds: UInt64(Self.patience.count))
                self.leave(pool)
            } while self.state.withLock { $0.goOnWatching() }
        }
    }
}
