import Foundation
import JobQueue
import Synchronization
import TestSupport

/// A job for tests.
struct Note: Job {
    static let kind = "test.note"
    static let maxAttempts = 3
    var number = 0
    var key: String?
    var uniqueKey: String? { key }
}

/// What handlers saw, in order.
final class Log<Entry: Sendable>: Sendable {
    private let state = Mutex<[Entry]>([])
    var entries: [Entry] { state.withLock { $0 } }
    var count: Int { state.withLock { $0.count } }
    func add(_ entry: Entry) { state.withLock { $0.append(entry) } }
}

extension CapturedLog {
    /// How many of the lines hold the text.
    func count(of text: String) -> Int { lines.count { $0.text.contains(text) } }
}

/// How many are inside at once.
final class Gauge: Sendable {
    private let state = Mutex((now: 0, most: 0))
    var now: Int { state.withLock { $0.now } }
    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func leave() { state.withLock { $0.now -= 1 } }
}

/// Lets tasks pass one for each permit.
final class Gate: Sendable {
    private struct State {
        var permits = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open(_ permits: Int = 1) {
        let waiters = state.withLock { state in
            state.permits += permits
            let number = min(state.permits, state.waiters.count)
            state.permits -= number
            defer { state.waiters.removeFirst(number) }
            return Array(state.waiters.prefix(number))
        }
        for waiter in waiters { waiter.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let passes = state.withLock { state in
                guard state.permits > 0 else {
                    state.waiters.append(continuation)
                    return false
                }
                state.permits -= 1
                return true
            }
            if passes { continuation.resume() }
        }
    }
}

struct Mishap: Error {}

/// Handlers for ``Note``.
func handling(_ handler: @escaping @Sendable (Note, JobContext) async throws -> Void) -> HandlerRegistry {
    var registry = HandlerRegistry()
    registry.register(Note.self, handler)
    return registry
}
