import Synchronization

/// Wakes the one task that waits for it. Signals that come while nobody waits are kept, as one.
final class Signal: Sendable {
    private struct State {
        var isSet = false
        var waiter: UnsafeContinuation<Void, Never>?
        var ticket: UInt64 = 0
    }

    private let state = Mutex(State())

    func set() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            if state.waiter == nil { state.isSet = true }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns on a signal, after the time, or when the task is cancelled.
    func wait(atMost limit: Duration) async {
        guard limit > .zero, !Task.isCancelled else { return }
        let ticket = state.withLock { state -> UInt64? in
            if state.isSet {
                state.isSet = false
                return nil
            }
            state.ticket += 1
            return state.ticket
        }
        guard let ticket else { return }
        let timer = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            self.expire(ticket)
        }
        defer { timer.cancel() }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isSet || Task.isCancelled || state.ticket != ticket {
                        state.isSet = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            expire(ticket)
        }
    }

    private func expire(_ ticket: UInt64) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard state.ticket == ticket else { return nil }
            state.ticket += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
