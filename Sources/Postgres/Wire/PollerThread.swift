import Glibc

/// What belongs to the thread of a ``Poller`` alone: the work that it made ready itself, which nobody needs to be woken for.
///
/// No other thread touches it, and nothing here calls out while it changes, so exclusive access is not checked.
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
    @exclusivity(unchecked) private var works: [PollerWork] = []
    @exclusivity(unchecked) private var brought: [PollerWork] = []
    @exclusivity(unchecked) private var head = 0

    private init(_ poller: Poller) { self.poller = poller }

    func append(_ work: PollerWork) { works.append(work) }

    /// Lines up what other threads brought behind what is there already, so that neither keeps the other from its turn.
    func admit(_ inbox: WorkInbox) {
        inbox.take(into: &brought)
        if brought.isEmpty { return }
        works.append(contentsOf: brought)
        brought.removeAll(keepingCapacity: true)
    }

    /// What is next, in order of arrival.
    func next() -> PollerWork? {
        if head == works.count {
            works.removeAll(keepingCapacity: true)
            head = 0
            return nil
        }
        // Work that brings others for ever never let the line become empty.
        if head >= 1024, head * 2 >= works.count {
            works.removeFirst(head)
            head = 0
        }
        defer { head += 1 }
        return works[head]
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
