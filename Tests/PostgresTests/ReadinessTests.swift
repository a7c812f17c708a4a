import Synchronization
import Testing

@testable import Postgres

/// The end of a wait, without a socket: nothing is armed at the poller.
@Suite(.timeLimit(.minutes(1))) struct ReadinessTests {
    private enum Event: CaseIterable, Sendable {
        case begin, arrive, cancel, expire

        /// Every order of all, and of those without a cancellation.
        static let orders: [[Event]] = orders(of: allCases) + orders(of: [.begin, .arrive, .expire])

        private static func orders(of events: [Event]) -> [[Event]] {
            if events.isEmpty { return [[]] }
            return events.indices.flatMap { index in
                var rest = events
                let first = rest.remove(at: index)
                return orders(of: rest).map { [first] + $0 }
            }
        }
    }

    private static let soon = Moment(nanoseconds: 1000)

    private func place() -> Readiness { Readiness(id: 1, poller: PollingExecutor.shared.next()) }

    /// A new task that waits, and what ends its wait.
    private func waiting() async -> (Readiness.Continuation, Task<Readiness.Outcome, Never>) {
        let (continuations, waiting) = AsyncStream.makeStream(of: Readiness.Continuation.self)
        let task = Task { await withUnsafeContinuation { waiting.yield($0) } }
        var iterator = continuations.makeAsyncIterator()
        while true { if let continuation = await iterator.next() { return (continuation, task) } }
    }

    /// Lets the events come in this order within one wait; gives what the wait came to.
    private func play(_ events: [Event], at place: Readiness) async -> Readiness.Outcome {
        let (continuation, task) = await waiting()
        var expected: Readiness.Outcome?
        var (hasBegun, isCancelled) = (false, false)
        for event in events {
            let isOpen = hasBegun && expected == nil
            switch event {
            case .begin:
                hasBegun = true
                #expect(place.begin(continuation, until: Self.soon) == !isCancelled, "\(events)")
                if isCancelled {
                    // As the poller does.
                    continuation.resume(returning: .cancelled)
                    expected = .cancelled
                }
            case .arrive:
                #expect(place.end(.ready) == isOpen, "\(events)")
                if isOpen { expected = .ready }
            case .cancel:
                place.cancel()
                if isOpen { expected = .cancelled }
                isCancelled = isCancelled || !hasBegun
            case .expire:
                // Before its time it stays, and is to be looked at again.
                #expect(place.expire(at: Moment(nanoseconds: 999)) == isOpen, "\(events)")
                #expect(!place.expire(at: Self.soon), "\(events)")
                if isOpen { expected = .timedOut }
            }
        }
        if expected == nil {
            #expect(place.end(.ready), "\(events)")
            expected = .ready
        }
        let outcome = await task.value
        #expect(outcome == expected, "\(events)")
        return outcome
    }

    @Test func `what comes first after its beginning ends a wait, and nothing that comes later`() async {
        var outcomes: [Readiness.Outcome: Int] = [:]
        let place = place()
        // One wait after the other at the same place: none feels what came to an earlier one.
        for events in Event.orders + Event.orders.reversed() {
            outcomes[await play(events, at: place), default: 0] += 1
            place.rest()
        }
        // Of the 24 orders of all, 12 are cancelled before they begin, and 6 of the others before anything else happens.
        // Of the 6 orders without a cancellation two begin last, and are ended by the test.
        #expect(outcomes == [.cancelled: 2 * 18, .ready: 2 * 7, .timedOut: 2 * 5])
    }

    @Test func `a wait without a deadline is never over, and need not be looked at`() async {
        let place = place()
        let (continuation, task) = await waiting()
        #expect(place.begin(continuation, until: .never))
        #expect(!place.expire(at: Moment(nanoseconds: .max - 1)))
        #expect(place.end(.ready))
        #expect(await task.value == .ready)
    }

    @Test func `a wait for a socket that is closed already does not begin`() async {
        let place = place()
        #expect(await place.wait(for: -1, .read, until: .never) == .ready)
    }

    @Test func `each of many waits is ended once, by one of those who would at the same moment`() async {
        let (place, ready, isOver) = (place(), Shared(0), Shared(false))
        var outcomes: [Readiness.Outcome: Int] = [:]
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !isOver.value { await Task.yield(); if place.end(.ready) { ready.change { $0 += 1 } } }
            }
            group.addTask { while !isOver.value { await Task.yield(); _ = place.expire(at: Self.soon) } }
            group.addTask { while !isOver.value { await Task.yield(); place.cancel() } }
            for _ in 0..<5000 {
                let outcome = await withUnsafeContinuation { continuation in
                    if !place.begin(continuation, until: Self.soon) { continuation.resume(returning: .cancelled) }
                }
                outcomes[outcome, default: 0] += 1
                place.rest()
            }
            isOver.change { $0 = true }
        }
        #expect(outcomes.values.reduce(0, +) == 5000 && outcomes[.ready] ?? 0 == ready.value)
    }
}
