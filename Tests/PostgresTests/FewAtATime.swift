import Synchronization
import Testing

/// Lets only two of the tests that have it run at once: they keep processors busy, hold many connections or look at the
/// clock.
struct FewAtATime: TestTrait, SuiteTrait, TestScoping {
    private static let turnstile = Turnstile(width: 2)

    var isRecursive: Bool { true }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable @concurrent () async throws -> Void
    ) async throws {
        await Self.turnstile.enter()
        defer { Self.turnstile.leave() }
        try await function()
    }
}

extension Trait where Self == FewAtATime {
    static var fewAtATime: FewAtATime { FewAtATime() }
}

/// Lets a number of tasks through and holds back the others until one leaves, in order of arrival.
private final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(width: Int) { state = Mutex(State(free: width)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let mayEnter = state.withLock { state in
                if state.free == 0 {
                    state.waiters.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if mayEnter { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiters.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}

extension Gate {
    /// Waits until the gate is opened, or the task that was to open it is over.
    func wait<Success>(orEndOf task: Task<Success, any Error>) async {
        Task {
            _ = await task.result
            open()
        }
        await wait()
    }
}
