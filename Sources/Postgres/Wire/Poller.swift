import CEpoll
import Glibc
import Synchronization

/// Says when a socket is ready. One thread waits in `epoll_wait`; it never touches libpq, it only resumes the task that asked.
///
/// Level-triggered and one-shot: each wait arms its socket anew, since libpq may return with bytes left unread. A wait
/// takes no lock; the mutex guards only the list of places, which changes when connections open and close.
final class Poller: Sendable {
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
        static let oneShot = Interest(rawValue: EPOLLONESHOT.rawValue)
    }

    /// The poller that every connection of the process shares.
    static let shared = Poller()

    private struct Places {
        var byID: [UInt64: Readiness] = [:]
        /// 0 is the eventfd that wakes the thread.
        var lastID: UInt64 = 0
    }

    /// How often deadlines are looked at: a deadline is noticed at most this much late.
    private static let tickMilliseconds: Int32 = 50

    private let epoll: Int32
    private let wake: Int32
    private let places = Mutex(Places())
    /// Whether the thread sleeps without looking at deadlines, since no wait has one.
    private let isResting = Atomic<Bool>(false)

    private init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "epoll_create1 failed: \(errno)")
        wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(wake >= 0, "eventfd failed: \(errno)")
        var event = epoll_event(events: Interest.read.rawValue, data: epoll_data_t(u64: 0))
        epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event)
        startThread()
    }

    /// Opens a place for an owner of sockets; ``close(_:)`` gives it back.
    func open() -> Readiness {
        places.withLock { places in
            places.lastID += 1
            let place = Readiness(id: places.lastID)
            places.byID[place.id] = place
            return place
        }
    }

    func close(_ place: Readiness) {
        places.withLock { _ = $0.byID.removeValue(forKey: place.id) }
    }

    /// Waits until `socket` is ready, the deadline passes or, unless told otherwise, the task is cancelled. May report
    /// ready early. Only one wait per place at a time.
    func wait(
        at place: Readiness, for socket: Int32, _ interest: Interest, until deadline: Moment,
        heedsCancellation: Bool = true
    ) async -> Readiness.Outcome {
        // libpq has dropped the connection and will say so itself.
        guard socket >= 0 else { return .ready }
        defer { place.rest() }
        guard heedsCancellation else {
            return await withUnsafeContinuation { arm(place, socket, interest, until: deadline, $0) }
        }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { arm(place, socket, interest, until: deadline, $0) }
        } onCancel: {
            place.cancel()
        }
    }

    private func arm(
        _ place: Readiness, _ socket: Int32, _ interest: Interest, until deadline: Moment,
        _ continuation: Readiness.Continuation
    ) {
        guard place.begin(continuation, until: deadline) else {
            continuation.resume(returning: .cancelled)
            return
        }
        var event = epoll_event(events: interest.union(.oneShot).rawValue, data: epoll_data_t(u64: place.id))
        // A socket that libpq closed has left the set by itself, and its number may stand for a new one.
        if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
            if errno != ENOENT || epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0 {
                place.end(.ready)  // libpq will find the socket's error itself
                return
            }
        }
        if deadline != .never, isResting.load(ordering: .sequentiallyConsistent),
            isResting.exchange(false, ordering: .sequentiallyConsistent)
        {
            var one: UInt64 = 1
            _ = write(wake, &one, 8)
        }
    }

    private func startThread() {
        var thread = pthread_t()
        let poller = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Poller>.fromOpaque(argument).takeUnretainedValue().run()
                return nil
            }, poller)
        precondition(result == 0, "pthread_create failed: \(result)")
        pthread_detach(thread)
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        var ready: [Readiness] = []
        var nextLook = Moment.now
        while true {
            let isResting = isResting.load(ordering: .sequentiallyConsistent)
            let count = epoll_wait(epoll, &events, Int32(events.count), isResting ? -1 : Self.tickMilliseconds)
            if count > 0 {
                places.withLock { places in
                    for event in events[..<Int(count)] {
                        if let place = places.byID[event.data.u64] {
                            ready.append(place)
                        } else if event.data.u64 == 0 {
                            var drained: UInt64 = 0
                            _ = read(wake, &drained, 8)
                        }
                    }
                }
                for place in ready { place.end(.ready) }
                ready.removeAll(keepingCapacity: true)
            }
            let now = Moment.now
            if !isResting, now >= nextLook {
                nextLook = now + .milliseconds(Int(Self.tickMilliseconds))
                if !expire(at: now) { rest() }
            }
        }
    }

    /// Sleeps without a tick from now on; a wait with a deadline that begins meanwhile is either seen here or wakes the thread.
    private func rest() {
        isResting.store(true, ordering: .sequentiallyConsistent)
        if expire(at: .now) { isResting.store(false, ordering: .sequentiallyConsistent) }
    }

    /// Ends the waits whose deadline has passed; returns whether any with a deadline is left.
    private func expire(at now: Moment) -> Bool {
        let all = places.withLock { Array($0.byID.values) }
        var isAnyLeft = false
        for place in all where place.expire(at: now) { isAnyLeft = true }
        return isAnyLeft
    }
}
