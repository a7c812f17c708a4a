import Synchronization

/// A fixed number of lanes, each lent to one task at a time; others wait in the order of their arrival.
///
/// Lanes are made when they are first needed. The one that was used last is lent first, so that connections stay warm.
final class LanePool<Lane: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Lane, any Error>

    private struct State {
        var idle: [Lane] = []
        var made = 0
        var waiters: [Int: Waiter] = [:]
        var firstTicket = 0
        var nextTicket = 0
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []

        /// The longest-waiting task; tickets of cancelled ones are gaps.
        mutating func popWaiter() -> Waiter? {
            while firstTicket < nextTicket {
                defer { firstTicket += 1 }
                if let waiter = waiters.removeValue(forKey: firstTicket) { return waiter }
            }
            return nil
        }
    }

    private let limit: Int
    private let make: @Sendable (Int) -> Lane
    private let state = Mutex(State())

    /// - Parameter make: Makes the lane of the given number, from 0.
    init(limit: Int, make: @escaping @Sendable (Int) -> Lane) {
        self.limit = max(1, limit)
        self.make = make
    }

    /// - Throws: `CancellationError` if the task is cancelled before it has a lane, a temporary ``MailError`` if the pool
    ///   is closed, or what `body` throws.
    func withLane<Value>(_ body: (Lane) async throws -> Value) async throws -> Value {
        let lane = try await acquire()
        defer { release(lane) }
        try Task.checkCancellation()
        return try await body(lane)
    }

    /// Refuses those that wait or come later, waits for those that run, and passes each lane to `finish` once.
    func close(_ finish: (Lane) async -> Void) async {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters { waiter.resume(throwing: Self.closed) }
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if state.idle.count == state.made { return true }
                state.closers.append(continuation)
                return false
            }
            if isQuiet { continuation.resume() }
        }
        let lanes = state.withLock { state in
            defer { (state.idle, state.made) = ([], 0) }
            return state.idle
        }
        for lane in lanes { await finish(lane) }
    }

    private func acquire() async throws -> Lane {
        let ticket = state.withLock { state in
            defer { state.nextTicket += 1 }
            return state.nextTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A task is marked as cancelled before its handler runs, so either this or the handler sees it.
                let answer: Result<Lane, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.isClosed { return .failure(Self.closed) }
                    if let lane = state.idle.popLast() { return .success(lane) }
                    if state.made < limit {
                        state.made += 1
                        return .success(make(state.made - 1))
                    }
                    state.waiters[ticket] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume(throwing: CancellationError())
        }
    }

    private func release(_ lane: Lane) {
        let (waiter, closers) = state.withLock { state -> (Waiter?, [CheckedContinuation<Void, Never>]) in
            if let waiter = state.popWaiter() { return (waiter, []) }
            state.idle.append(lane)
            guard state.isClosed, state.idle.count == state.made else { return (nil, []) }
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        waiter?.resume(returning: lane)
        for closer in closers { closer.resume() }
    }

    private static var closed: MailError {
        MailError(kind: .temporary, stage: .connection, reason: "the mail transport is closed")
    }
}
