import CEpoll
package import Dispatch
import Glibc
import HeapModule
package import NIOCore
package import Postgres
import Synchronization

/// NIO's event loop on a thread that watches connections to PostgreSQL, so that a request's bytes, its task and the
/// database's answer need one thread.
///
/// It lives as long as the process, as its thread does.
package final class PollingEventLoop: EventLoop, @unchecked Sendable {
    /// One for each thread of ``PollingExecutor``.
    package static let all = PollingExecutor.shared.pollers.map(PollingEventLoop.init)

    let poller: Poller
    /// What is to be done at a time. Only the thread touches it.
    @exclusivity(unchecked) private var timers = Heap<Timer>()
    /// Of two timers for the same time the earlier is the first.
    private let numbers = Atomic<UInt64>(0)
    /// Timers that may be forgotten.
    private let cancelled = Atomic(0)
    @exclusivity(unchecked) private var armed = NIODeadline.distantFuture
    private let timer: Int32

    private init(_ poller: Poller) {
        self.poller = poller
        timer = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        precondition(timer >= 0, "timerfd_create failed: \(errno)")
        poller.execute { [self] in
            precondition(poller.watch(timer, .read, Alarm(loop: self)) != nil, "the timer cannot be watched: \(errno)")
        }
    }

    package var inEventLoop: Bool { poller.isCurrent }

    package func execute(_ task: @escaping @Sendable () -> Void) { poller.execute(task) }

    // MARK: Reading

    /// What channels read into, one after the other.
    @exclusivity(unchecked) private var input: ByteBuffer?

    /// An empty buffer for so many bytes.
    func takeInput(_ capacity: Int) -> ByteBuffer {
        guard var buffer = input, buffer.capacity >= capacity else {
            return ByteBufferAllocator().buffer(capacity: capacity)
        }
        input = nil
        buffer.clear()
        return buffer
    }

    /// Only a small one: who keeps a few bytes of a buffer keeps all of it.
    func giveBack(_ buffer: ByteBuffer) {
        if buffer.capacity <= Self.largestKept { input = buffer }
    }

    private static let largestKept = 4096

    // MARK: Time

    /// Its action is taken when it is cancelled, and the timer stays until its time.
    private final class Timer: Comparable, @unchecked Sendable {
        let deadline: NIODeadline
        let number: UInt64
        let action: Mutex<(@Sendable () -> Void)?>

        init(_ deadline: NIODeadline, _ number: UInt64, _ action: @escaping @Sendable () -> Void) {
            self.deadline = deadline
            self.number = number
            self.action = Mutex(action)
        }

        var isCancelled: Bool { action.withLock { $0 == nil } }

        func take() -> (@Sendable () -> Void)? {
            action.withLock { action in
                defer { action = nil }
                return action
            }
        }

        static func == (left: Timer, right: Timer) -> Bool { left === right }
        static func < (left: Timer, right: Timer) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    package func scheduleTask<Value>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> Value
    ) -> Scheduled<Value> {
        let promise = makePromise(of: Value.self)
        let action: @Sendable () -> Void = {
            do { promise.assumeIsolatedUnsafeUnchecked().succeed(try task()) } catch { promise.fail(error) }
        }
        let scheduled = Timer(deadline, numbers.wrappingAdd(1, ordering: .relaxed).newValue, action)
        if inEventLoop { add(scheduled) } else { execute { self.add(scheduled) } }
        return Scheduled(promise: promise) { [self] in
            if scheduled.take() != nil { cancelled.add(1, ordering: .relaxed) }
        }
    }

    package func scheduleTask<Value>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> Value
    ) -> Scheduled<Value> { scheduleTask(deadline: .now() + delay, task) }

    private func add(_ timer: Timer) {
        timers.insert(timer)
        // Most are cancelled long before their time.
        if cancelled.load(ordering: .relaxed) > max(1000, timers.count / 2) {
            cancelled.store(0, ordering: .relaxed)
            timers = Heap(timers.unordered.filter { !$0.isCancelled })
        }
        arm()
    }

    private func arm() {
        guard let next = timers.min, next.deadline < armed else { return }
        armed = next.deadline
        timerfd_set_once(timer, max(1, (armed - .now()).nanoseconds))
    }

    private func ring() {
        var count: UInt64 = 0
        _ = read(timer, &count, 8)
        armed = .distantFuture
        let now = NIODeadline.now()
        while let next = timers.min, next.deadline <= now {
            timers.removeMin().take()?()
        }
        arm()
    }

    private final class Alarm: SocketWatcher {
        private let loop: PollingEventLoop

        init(loop: PollingEventLoop) { self.loop = loop }

        func socketIsReady(_ interest: SocketInterest) { loop.ring() }
    }

    // MARK: The end

    package func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async { callback(nil) }
    }
}
