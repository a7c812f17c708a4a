import Synchronization

/// Work that a loop has done beside it, one piece at a time; what it brought waits for the loop to take it.
final class Aside<Value: Sendable>: Sendable {
    struct Ended: Sendable {
        let result: Result<Value, any Error>
        let duration: Duration
    }

    private struct State {
        var task: Task<Void, Never>?
        var ended: Ended?
    }

    private let state = Mutex(State())
    /// Set when it has ended.
    private let signal: Signal

    init(_ signal: Signal) { self.signal = signal }

    /// Whether it is under way, or what it brought was not taken yet.
    var isBusy: Bool { state.withLock { $0.task != nil } }

    func begin(_ body: @escaping @Sendable () async throws -> Value) {
        state.withLock { state in
            state.task = Task {
                let began = ContinuousClock.now
                let result: Result<Value, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                self.state.withLock { $0.ended = Ended(result: result, duration: .now - began) }
                self.signal.set()
            }
        }
    }

    func take() -> Ended? {
        state.withLock { state in
            guard let ended = state.ended else { return nil }
            state = State()
            return ended
        }
    }

    /// Cancels it and waits for its end.
    func stop() async {
        let task = state.withLock { $0.task }
        task?.cancel()
        await task?.value
    }
}
