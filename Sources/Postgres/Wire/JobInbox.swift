import Synchronization

/// Jobs that other threads bring to the thread of a ``Poller``.
final class JobInbox: Sendable {
    private let jobs = Mutex<[UnownedJob]>([])
    private let isFilled = Atomic<Bool>(false)
    private let isAsleep = Atomic<Bool>(false)

    /// Takes a job; returns whether the thread sleeps and has to be woken.
    func append(_ job: UnownedJob) -> Bool {
        jobs.withLock { $0.append(job) }
        isFilled.store(true, ordering: .sequentiallyConsistent)
        return isAsleep.load(ordering: .sequentiallyConsistent)
            && isAsleep.exchange(false, ordering: .sequentiallyConsistent)
    }

    /// Moves all jobs to the end of `taken`, which is empty.
    func take(into taken: inout [UnownedJob]) {
        guard isFilled.load(ordering: .sequentiallyConsistent) else { return }
        isFilled.store(false, ordering: .sequentiallyConsistent)
        jobs.withLock { swap(&$0, &taken) }
    }

    /// Says that the thread is about to sleep; `false` when a job came meanwhile.
    func sleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        return !isFilled.load(ordering: .sequentiallyConsistent)
    }

    func awake() { isAsleep.store(false, ordering: .relaxed) }
}
