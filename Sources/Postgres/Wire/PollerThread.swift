import Glibc

/// What belongs to the thread of a ``Poller`` alone: the jobs that it made ready itself, which nobody needs to be woken for.
final class PollerThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key, nil)
        precondition(result == 0, "pthread_key_create failed: \(result)")
        return key
    }()

    /// The poller whose thread this is; `nil` on any other thread.
    static var current: Poller? { here?.poller }

    static var here: PollerThread? {
        pthread_getspecific(key).map { Unmanaged<PollerThread>.fromOpaque($0).takeUnretainedValue() }
    }

    let poller: Poller
    private var jobs: [UnownedJob] = []
    private var head = 0

    private init(_ poller: Poller) { self.poller = poller }

    func append(_ job: UnownedJob) { jobs.append(job) }

    /// The next job: first those of the thread itself, then those that others brought.
    func next(_ inbox: JobInbox) -> UnownedJob? {
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
            inbox.take(into: &jobs)
            if jobs.isEmpty { return nil }
        }
        defer { head += 1 }
        return jobs[head]
    }

    /// Starts a thread that does the poller's work for the executor, for ever.
    static func start(_ poller: Poller, for executor: PollingExecutor) {
        let isStarted = startThread {
            let here = Unmanaged.passRetained(PollerThread(poller))
            pthread_setspecific(key, here.toOpaque())
            poller.run(here.takeUnretainedValue(), for: executor.asUnownedTaskExecutor())
        }
        precondition(isStarted, "no thread for the poller")
    }
}
