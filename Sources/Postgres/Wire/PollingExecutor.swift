import Glibc
import Synchronization

/// Runs tasks on the threads that watch the connections' sockets, so that an answer of the server resumes its task
/// without a hop to another thread.
///
/// Any task may use a ``Pool``; one that prefers this executor does so with less work for the processor:
/// ```swift
/// try await withTaskExecutorPreference(PollingExecutor.shared) { try await server.run() }
/// ```
/// There are as many threads as processors. A task that blocks its thread delays all others there, as everywhere in
/// structured concurrency.
public final class PollingExecutor: TaskExecutor {
    /// The only one. Its threads start when it is first used, by a connection at the latest, and never end.
    public static let shared = PollingExecutor()

    /// How many threads there are, or will be.
    static let threadCount = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    /// The threads, for what else is to be served by them, such as the sockets of clients.
    package let pollers: [Poller]
    private let turn = Atomic<Int>(0)
    private let opening = Mutex(())

    private init() {
        pollers = (0..<Self.threadCount).map(Poller.init(number:))
        for poller in pollers { PollerThread.start(poller, for: self) }
    }

    /// Keeps a job of one of the threads on it, and deals the others out in turn.
    public func enqueue(_ job: consuming ExecutorJob) {
        if let here = PollerThread.here {
            here.append(.job(UnownedJob(job)))
        } else {
            next().enqueue(.job(UnownedJob(job)))
        }
    }

    /// Calls it on this thread after what is to be done there already; at once on a thread that is none of the executor's.
    static func afterwards(_ call: @escaping @Sendable () -> Void) {
        if let here = PollerThread.here { here.append(.call(call)) } else { call() }
    }

    public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    /// Opens a place at the poller that has the fewest, so that each thread serves as many connections as the others.
    func open() -> Readiness {
        opening.withLock { _ in
            (pollers.min { $0.load < $1.load } ?? next()).open()
        }
    }

    /// The poller whose turn it is.
    func next() -> Poller {
        let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return pollers[Int(UInt(bitPattern: number) % UInt(pollers.count))]
    }
}
