import CEpoll
import Glibc
import Synchronization

/// Runs a body on a thread of its own, which SIGPIPE does not reach; `false` when the system gives none.
func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let result = pthread_create(
        &thread, nil,
        { argument in
            // PQcancel, up to libpq 17, writes without MSG_NOSIGNAL to a server that may have gone.
            var pipe = sigset_t()
            sigemptyset(&pipe)
            sigaddset(&pipe, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &pipe, nil)
            if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, start.toOpaque())
    guard result == 0 else {
        start.release()
        return false
    }
    pthread_detach(thread)
    return true
}

/// A call of libpq that blocks, on a thread of its own, with a result that is waited for without blocking one.
final class BlockingCall<Value: Sendable>: Sendable {
    private enum State {
        case running, abandoned, taken
        case done(Value)
    }

    private let state = Mutex(State.running)
    private let eventfd: Int32
    private let place: Readiness
    private let dispose: @Sendable (Value) -> Void

    /// - Parameter dispose: gets the value that nobody waited for.
    /// - Returns: `nil` when the system gives no thread or no file descriptor.
    init?(_ body: @escaping @Sendable () -> Value, dispose: @escaping @Sendable (Value) -> Void) {
        let eventfd = CEpoll.eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard eventfd >= 0 else { return nil }
        self.eventfd = eventfd
        self.dispose = dispose
        place = PollingExecutor.shared.open()
        guard startThread({ self.finish(body()) }) else { return nil }
    }

    deinit {
        place.close()
        close(eventfd)
    }

    /// The value once it is there; `nil` when the deadline passed or the task was cancelled before. Only one may wait.
    func wait(until deadline: Moment, heedsCancellation: Bool) async -> (Value?, Readiness.Outcome) {
        while true {
            if let value = take() { return (value, .ready) }
            let outcome = await place.wait(for: eventfd, .read, until: deadline, heedsCancellation: heedsCancellation)
            if outcome != .ready { return (take(), outcome) }
        }
    }

    /// Leaves the value to ``dispose``, whenever it comes.
    func abandon() {
        let late = state.withLock { state -> Value? in
            defer { state = .abandoned }
            if case .done(let value) = state { return value }
            return nil
        }
        if let late { dispose(late) }
    }

    private func take() -> Value? {
        state.withLock { state in
            guard case .done(let value) = state else { return nil }
            state = .taken
            return value
        }
    }

    private func finish(_ value: Value) {
        let isAbandoned = state.withLock { state in
            if case .abandoned = state { return true }
            state = .done(value)
            return false
        }
        if isAbandoned { return dispose(value) }
        var one: UInt64 = 1
        _ = write(eventfd, &one, 8)
    }
}
