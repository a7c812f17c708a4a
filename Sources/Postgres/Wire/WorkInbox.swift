import Synchronization

/// What the thread of a ``Poller`` is to do.
enum PollerWork: Sendable {
    case job(UnownedJob)
    case call(@Sendable () -> Void)
}

/// Work that other threads bring to the thread of a ``Poller``.
final class WorkInbox: Sendable {
    private let works = Mutex<[PollerWork]>([])
    private let isFilled = Atomic<Bool>(false)
    private let isAsleep = Atomic<Bool>(false)

    /// Takes a piece of work; returns whether the thread sleeps and has to be woken.
    func append(_ work: PollerWork) -> Bool {
        works.withLock { $0.append(work) }
        isFilled.store(true, ordering: .sequentiallyConsistent)
        return isAsleep.load(ordering: .sequentiallyConsistent)
            && isAsleep.exchange(false, ordering: .sequentiallyConsistent)
    }

    /// Moves all to the end of `taken`, which is empty.
    func take(into taken: inout [PollerWork]) {
        guard isFilled.load(ordering: .sequentiallyConsistent) else { return }
        isFilled.store(false, ordering: .sequentiallyConsistent)
        works.withLock { swap(&$0, &taken) }
    }

    /// Says that the thread is about to sleep; `false` when work came meanwhile.
    func sleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        return !isFilled.load(ordering: .sequentiallyConsistent)
    }

    func awake() { isAsleep.store(false, ordering: .relaxed) }
}
