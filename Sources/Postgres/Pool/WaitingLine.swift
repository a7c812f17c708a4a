/// Tasks that wait for a connection, in order of arrival.
struct WaitingLine {
    enum Outcome: Sendable {
        case session(Session, idleSince: Moment)
        /// A connection was discarded: open one in its place.
        case mayOpen
        case timedOut
        case cancelled
        case closed
        /// The server could not be reached just now, and there is no connection that could come back.
        case unreachable(PostgresError)
        /// Too many wait already.
        case full
    }

    typealias Continuation = UnsafeContinuation<Outcome, Never>

    private struct Waiter {
        let ticket: UInt64
        let deadline: Moment
        let continuation: Continuation
    }

    private var line: [Waiter] = []
    private var head = 0
    private var isTimed = false

    var count: Int { line.count - head }

    /// Appends a waiter, or puts one that waits again where it stood; returns whether a timer has to be started.
    mutating func append(
        _ ticket: UInt64, until deadline: Moment, _ continuation: Continuation
    ) -> Bool {
        let waiter = Waiter(ticket: ticket, deadline: deadline, continuation: continuation)
        let index = line[head...].lastIndex { $0.deadline <= deadline }.map { $0 + 1 } ?? head
        line.insert(waiter, at: index)
        defer { isTimed = true }
        return !isTimed
    }

    mutating func popFirst() -> Continuation? {
        guard head < line.count else { return nil }
        defer {
            head += 1
            if head == line.count || (head > 64 && head * 2 > line.count) {
                line.removeFirst(head)
                head = 0
            }
        }
        return line[head].continuation
    }

    mutating func remove(_ ticket: UInt64) -> Continuation? {
        guard let index = line[head...].firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return line.remove(at: index).continuation
    }

    mutating func removeAll() -> [Continuation] {
        defer {
            line = []
            head = 0
        }
        return line[head...].map(\.continuation)
    }

    /// Takes out the waiters whose deadline has passed and tells when the next one passes; `nil` when nobody is left, and
    /// the timer ends. They stand in the order of their deadlines.
    mutating func expire(at now: Moment) -> (late: [Continuation], next: Moment?) {
        var late: [Continuation] = []
        while head < line.count, line[head].deadline <= now {
            if let waiter = popFirst() { late.append(waiter) }
        }
        let next = head < line.count ? line[head].deadline : nil
        isTimed = next != nil
        return (late, next)
    }
}
