import Synchronization

/// One socket owner's place at the poller: at most one wait at a time, ended by whoever takes it first.
///
/// `@unchecked Sendable`: `continuation` is written by the owner before the atomic state says `waiting` and read only by
/// the one whose exchange ended that state.
final class Readiness: @unchecked Sendable {
    enum Outcome: Sendable { case ready, timedOut, cancelled }

    typealias Continuation = UnsafeContinuation<Outcome, Never>

    /// The lower two bits of the state; the others count the waits, so that none is mistaken for a later one.
    private enum Phase {
        static let idle: UInt64 = 0
        static let waiting: UInt64 = 1
        static let ended: UInt64 = 2
        /// Cancelled before the wait began.
        static let cancelled: UInt64 = 3
        static let mask: UInt64 = 3
    }

    /// What the poller knows this place by; never used twice.
    let id: UInt64
    /// The poller that watches this place's socket.
    unowned let poller: Poller
    /// Whether the poller goes on watching the socket between waits.
    let isWatched = Atomic<Bool>(false)
    /// The socket that was watched last.
    let socket = Atomic<Int32>(-1)
    private let state = Atomic<UInt64>(Phase.idle)
    private let deadline = Atomic<Int64>(.max)
    private var continuation: Continuation?

    init(id: UInt64, poller: Poller) {
        self.id = id
        self.poller = poller
    }

    /// Waits until `socket` is ready, the deadline passes or, unless told otherwise, the task is cancelled. May report
    /// ready early. Only one wait at a time.
    ///
    /// - Parameter staysWatched: whether the socket is the same at the next wait too, so that a task that runs on the
    ///   poller's own threads need not ask for it to be watched each time.
    func wait(
        for socket: Int32, _ interest: Poller.Interest, until deadline: Moment, heedsCancellation: Bool = true,
        staysWatched: Bool = false
    ) async -> Outcome {
        // libpq has dropped the connection and will say so itself.
        guard socket >= 0 else { return .ready }
        defer { rest() }
        self.socket.store(socket, ordering: .relaxed)
        let staysWatched = staysWatched && PollerThread.current != nil
        guard heedsCancellation else {
            return await withUnsafeContinuation {
                poller.arm(self, socket, interest, until: deadline, staysWatched: staysWatched, $0)
            }
        }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation {
                poller.arm(self, socket, interest, until: deadline, staysWatched: staysWatched, $0)
            }
        } onCancel: {
            cancel()
        }
    }

    /// Gives the place back.
    func close() { poller.close(self) }

    /// Begins a wait; `false` when it was cancelled before.
    func begin(_ continuation: Continuation, until deadline: Moment) -> Bool {
        self.continuation = continuation
        self.deadline.store(deadline.nanoseconds, ordering: .relaxed)
        let before = state.load(ordering: .relaxed) & ~Phase.mask
        return state.compareExchange(
            expected: before | Phase.idle, desired: before | Phase.waiting, ordering: .sequentiallyConsistent
        ).exchanged
    }

    /// Ends the wait; `false` when there is none.
    @discardableResult
    func end(_ outcome: Outcome) -> Bool {
        end(outcome, ifStill: state.load(ordering: .sequentiallyConsistent))
    }

    private func end(_ outcome: Outcome, ifStill seen: UInt64) -> Bool {
        guard seen & Phase.mask == Phase.waiting else { return false }
        let ended = seen & ~Phase.mask | Phase.ended
        guard state.compareExchange(expected: seen, desired: ended, ordering: .acquiringAndReleasing).exchanged else {
            return false
        }
        let taken = continuation
        continuation = nil
        taken?.resume(returning: outcome)
        return true
    }

    /// Ends the wait as cancelled, or keeps the one that is about to begin from beginning.
    func cancel() {
        let seen = state.load(ordering: .acquiring)
        if seen & Phase.mask == Phase.idle {
            let cancelled = seen & ~Phase.mask | Phase.cancelled
            if state.compareExchange(expected: seen, desired: cancelled, ordering: .acquiringAndReleasing).exchanged {
                return
            }
        }
        end(.cancelled)
    }

    /// Makes the place ready for the next wait. For the owner, after a wait.
    func rest() {
        let count = state.load(ordering: .relaxed) & ~Phase.mask
        state.store((count &+ Phase.mask &+ 1) | Phase.idle, ordering: .releasing)
    }

    /// Ends the wait if its deadline has passed; returns whether one with a deadline goes on.
    func expire(at now: Moment) -> Bool {
        let seen = state.load(ordering: .sequentiallyConsistent)
        guard seen & Phase.mask == Phase.waiting else { return false }
        let deadline = Moment(nanoseconds: deadline.load(ordering: .relaxed))
        guard deadline <= now else { return deadline != .never }
        _ = end(.timedOut, ifStill: seen)
        return false
    }
}
