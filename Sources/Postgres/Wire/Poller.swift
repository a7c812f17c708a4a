import CEpoll
import Glibc
import Synchronization

/// One thread that waits for sockets and deadlines, and runs the tasks that were given to it.
///
/// Sockets of others than connections to PostgreSQL are watched for whoever asks (``watch(_:_:)``), so that a server's
/// clients and its database are served by one thread.
///
/// A socket is watched level-triggered. A task of ``PollingExecutor`` leaves it watched between its waits, since it reads
/// on this thread before the thread looks again; for any other task each wait arms the socket for one event. The mutex
/// guards only the list of places, which changes when connections open and close.
package final class Poller: Sendable {
    struct Interest: OptionSet, Sendable {
        let rawValue: UInt32
        static let read = Interest(rawValue: EPOLLIN.rawValue | EPOLLRDHUP.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
        static let oneShot = Interest(rawValue: EPOLLONESHOT.rawValue)
    }

    /// The places by their number, which is used again; an id tells the users of a number apart.
    private struct Places {
        /// 0 is the eventfd that wakes the thread.
        var byNumber: [Readiness?] = [nil]
        var free: [Int] = []
        var opened: UInt64 = 0

        mutating func open(_ poller: Poller) -> Readiness {
            opened += 1
            let number = free.popLast() ?? byNumber.count
            let place = Readiness(id: opened << 24 | UInt64(number), poller: poller)
            if number == byNumber.count { byNumber.append(place) } else { byNumber[number] = place }
            return place
        }

        mutating func close(_ place: Readiness) {
            let number = Self.number(place.id)
            byNumber[number] = nil
            free.append(number)
        }

        subscript(id: UInt64) -> Readiness? {
            guard let place = byNumber[Self.number(id)], place.id == id else { return nil }
            return place
        }

        private static func number(_ id: UInt64) -> Int { Int(id & 0xFF_FFFF) }
    }

    /// How often deadlines are looked at: a deadline is noticed at most this much late.
    private static let tickNanoseconds: Int64 = 50_000_000
    /// What the timer is known by.
    private static let tickID: UInt64 = 1 << 62
    /// Marks what belongs to a watch.
    private static let watchBit: UInt64 = 1 << 63
    /// Jobs that run before sockets are looked at again.
    private static let jobsBetweenLooks = 128

    /// Its place among the pollers.
    let number: Int
    private let epoll: Int32
    private let wake: Int32
    /// Fires regularly while a wait has a deadline. A time-out of `epoll_wait` would set a timer anew for each wait.
    private let ticker: Int32
    private let places = Mutex(Places())
    private let watchers = SocketWatchers()
    private let inbox = WorkInbox()
    /// Whether the ticker rests, since no wait has a deadline.
    private let isResting = Atomic<Bool>(true)

    init(number: Int) {
        self.number = number
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "epoll_create1 failed: \(errno)")
        wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(wake >= 0, "eventfd failed: \(errno)")
        ticker = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        precondition(ticker >= 0, "timerfd_create failed: \(errno)")
        for (descriptor, id) in [(wake, 0), (ticker, Self.tickID)] {
            var event = epoll_event(events: Interest.read.rawValue, data: epoll_data_t(u64: id))
            epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
        }
    }

    // MARK: Waiting

    /// How many places are open.
    var load: Int { places.withLock { $0.byNumber.count - $0.free.count } }

    /// Opens a place for an owner of sockets; ``close(_:)`` gives it back.
    func open() -> Readiness {
        places.withLock { $0.open(self) }
    }

    func close(_ place: Readiness) {
        places.withLock { $0.close(place) }
    }

    func arm(
        _ place: Readiness, _ socket: Int32, _ interest: Interest, until deadline: Moment, staysWatched: Bool,
        _ continuation: Readiness.Continuation
    ) {
        guard place.begin(continuation, until: deadline) else {
            continuation.resume(returning: .cancelled)
            return
        }
        if !watch(place, socket, interest, staysWatched: staysWatched && interest == .read) {
            place.end(.ready)  // libpq will find the socket's error itself
            return
        }
        if deadline != .never, isResting.load(ordering: .sequentiallyConsistent),
            isResting.exchange(false, ordering: .sequentiallyConsistent)
        {
            timerfd_set_interval(ticker, Self.tickNanoseconds)
        }
    }

    private func watch(_ place: Readiness, _ socket: Int32, _ interest: Interest, staysWatched: Bool) -> Bool {
        if staysWatched, place.isWatched.load(ordering: .sequentiallyConsistent) { return true }
        place.isWatched.store(staysWatched, ordering: .sequentiallyConsistent)
        let events = staysWatched ? interest : interest.union(.oneShot)
        var event = epoll_event(events: events.rawValue, data: epoll_data_t(u64: place.id))
        // A socket that libpq closed has left the set by itself, and its number may stand for a new one.
        if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) == 0 { return true }
        return errno == ENOENT && epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0
    }

    /// Nobody waits at a place whose socket has something to say: it is left alone until somebody does.
    ///
    /// A wait that begins at this moment either sees that the socket is not watched any more or is ended here, early.
    private func unwatch(_ place: Readiness) {
        places.withLock { places in
            // One that was closed meanwhile may have left its socket's number to another that is waited for.
            guard places[place.id] != nil else { return }
            let socket = place.socket.load(ordering: .relaxed)
            guard socket >= 0 else { return }
            epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
            // So may an open place whose socket libpq closed: whoever has the number now watches it anew.
            for case let other? in places.byNumber where other !== place {
                guard other.socket.load(ordering: .relaxed) == socket else { continue }
                other.isWatched.store(false, ordering: .sequentiallyConsistent)
                other.end(.ready)
            }
        }
        place.isWatched.store(false, ordering: .sequentiallyConsistent)
        place.end(.ready)
    }

    private func wakeUp() {
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    // MARK: Tasks

    /// Takes a job of ``PollingExecutor``, from any thread.
    func enqueue(_ work: PollerWork) {
        if inbox.append(work) { wakeUp() }
    }

    /// Whether this is the thread.
    package var isCurrent: Bool { PollerThread.current === self }

    /// Calls it on the thread, after what is to be done there already.
    package func execute(_ call: @escaping @Sendable () -> Void) {
        if let here = PollerThread.here, here.poller === self {
            here.append(.call(call))
        } else {
            enqueue(.call(call))
        }
    }

    // MARK: Sockets of others

    /// Tells the watcher whenever the socket is ready for what it is asked for, until it is changed or given up.
    ///
    /// All three are for the thread alone.
    ///
    /// - Returns: what the watch is known by.
    package func watch(_ socket: Int32, _ interest: SocketInterest, _ watcher: any SocketWatcher) -> SocketWatch? {
        let watch = watchers.add(watcher)
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: Self.watchBit | UInt64(watch.slot)))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) == 0 else {
            watchers.remove(watch)
            return nil
        }
        return watch
    }

    package func change(_ watch: SocketWatch, _ socket: Int32, _ interest: SocketInterest) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: Self.watchBit | UInt64(watch.slot)))
        epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event)
    }

    /// Before the socket is closed.
    package func unwatch(_ watch: SocketWatch, _ socket: Int32) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
        watchers.remove(watch)
    }

    // MARK: The thread

    /// Does the work of the thread, for ever.
    func run(_ thread: PollerThread, for executor: UnownedTaskExecutor) {
        var events = [epoll_event](repeating: epoll_event(), count: 256)
        var ready: [Readiness] = []
        while true {
            var budget = Self.jobsBetweenLooks
            thread.admit(inbox)
            while budget > 0, let work = thread.next() {
                switch work {
                case .job(let job): job.runSynchronously(on: executor)
                case .call(let call): call()
                }
                budget -= 1
            }
            let mayBlock = budget > 0 && inbox.sleep()
            let count = epoll_wait(epoll, &events, Int32(events.count), mayBlock ? -1 : 0)
            inbox.awake()
            if count > 0, take(events[..<Int(count)], &ready), !expire(at: .now) { rest() }
        }
    }

    /// Ends the waits whose sockets are ready; returns whether it is time to look at deadlines.
    private func take(_ events: ArraySlice<epoll_event>, _ ready: inout [Readiness]) -> Bool {
        var drained: UInt64 = 0
        var isTick = false
        places.withLock { places in
            for event in events {
                switch event.data.u64 {
                case 0: _ = read(wake, &drained, 8)
                case Self.tickID:
                    _ = read(ticker, &drained, 8)
                    isTick = true
                case let id where id & Self.watchBit != 0: break
                case let id: if let place = places[id] { ready.append(place) }
                }
            }
        }
        for place in ready where !place.end(.ready) { unwatch(place) }
        ready.removeAll(keepingCapacity: true)
        for event in events where event.data.u64 & Self.watchBit != 0 {
            watchers[Int(event.data.u64 & ~Self.watchBit)]?.socketIsReady(SocketInterest(rawValue: event.events))
        }
        return isTick
    }

    /// Stops the ticker; a wait with a deadline that begins meanwhile is seen here or starts it again.
    private func rest() {
        timerfd_set_interval(ticker, 0)
        isResting.store(true, ordering: .sequentiallyConsistent)
        if expire(at: .now), isResting.exchange(false, ordering: .sequentiallyConsistent) {
            timerfd_set_interval(ticker, Self.tickNanoseconds)
        }
    }

    /// Ends the waits whose deadline has passed; returns whether any with a deadline is left.
    private func expire(at now: Moment) -> Bool {
        let all = places.withLock { $0.byNumber.compactMap(\.self) }
        var isAnyLeft = false
        for place in all where place.expire(at: now) { isAnyLeft = true }
        return isAnyLeft
    }
}
