import Glibc
import Synchronization

/// What the thread of a ``FaultyProxy`` does: it owns every socket and waits in `poll` for them, for the next held
/// back piece and for its owner's wishes.
struct ProxyLoop: ~Copyable {
    private let proxy: FaultyProxy
    private let listeners: [Int32]
    private var links: [Int: Link] = [:]
    private var accepted = 0
    private var faults = FaultyProxy.Faults()
    private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

    /// What a piece that is split off is held back at least.
    private static let pause: Int64 = 50_000

    init(proxy: FaultyProxy, listeners: [Int32]) {
        self.proxy = proxy
        self.listeners = listeners
    }

    mutating func run() {
        while obey() {
            for listener in listeners { while let client = Sockets.accept(from: listener) { accept(client) } }
            for number in links.keys { step(number) }
            wait()
        }
        for number in links.keys { cut(number) }
        for listener in listeners { close(listener) }
    }

    /// Takes over what the owner wants; `false` when that is the end.
    private mutating func obey() -> Bool {
        let (wanted, mustCut, isStopped) = proxy.state.withLock { state in
            defer { state.mustCut = false }
            return (state.faults, state.mustCut, state.isStopped)
        }
        faults = wanted
        if mustCut { for number in links.keys { cut(number) } }
        return !isStopped
    }

    private mutating func accept(_ client: Int32) {
        guard !faults.refusesConnections, let server = try? Sockets.connect(toPath: Sockets.path(in: proxy.server))
        else {
            close(client)
            return
        }
        accepted += 1
        links[accepted] = Link(client: client, server: server)
        proxy.state.withLock { [accepted] state in
            state.conversations[accepted] = FaultyProxy.Conversation()
            state.conversations[accepted - 1000] = nil
        }
    }

    private mutating func cut(_ number: Int) {
        guard let link = links.removeValue(forKey: number) else { return }
        close(link.client)
        close(link.server)
        proxy.state.withLock { $0.conversations[number]?.isOpen = false }
    }

    // MARK: Moving bytes

    private mutating func step(_ number: Int) {
        for direction in [FaultyProxy.Direction.toServer, .toClient] {
            guard var link = links.removeValue(forKey: number) else { return }
            let goesOn = move(number, &link, direction)
            let isOver = link.toServer.isShut && link.toClient.isShut
            links[number] = link
            if !goesOn || isOver { cut(number) }
        }
    }

    /// Takes in what has come and passes what is due; `false` when the connection is over.
    private mutating func move(_ number: Int, _ link: inout Link, _ direction: FaultyProxy.Direction) -> Bool {
        let (source, target) = link.ends(direction)
        var lane = link[direction]
        defer { link[direction] = lane }
        if let limit = faults.cutAfter[direction], lane.passed >= limit { return false }
        if faults.frozen.contains(direction) {
            if recv(source, &buffer, 1, Int32(MSG_PEEK)) > 0 {
                proxy.state.withLock { $0.conversations[number]?.heldBack = direction }
            }
            return true
        }
        if lane.takesMore {
            let count = recv(source, &buffer, buffer.count, 0)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            if count == 0 {
                lane.isEnded = true
            } else {
                lane.pending = Array(buffer[..<count])[...]
                lane.due = .now + hold(isPiece: false)
                let bytes = lane.pending
                if direction == .toClient, let lastWords = faults.lastWords {
                    lane.pending = lastWords[...]
                    lane.isLast = true
                }
                proxy.state.withLock { $0.conversations[number]?.note(bytes, going: direction) }
            }
        }
        while !lane.pending.isEmpty, lane.due <= .now {
            let piece = lane.pending.prefix(pieceSize(lane, direction))
            let sent = piece.withUnsafeBytes { send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0 { return errno == EAGAIN || errno == EINTR }
            lane.pending.removeFirst(sent)
            lane.passed += sent
            lane.pieces += 1
            lane.due = .now + hold(isPiece: true)
            if let limit = faults.cutAfter[direction], lane.passed >= limit { return false }
        }
        if lane.pending.isEmpty, lane.isLast { return false }
        if lane.pending.isEmpty, lane.isEnded, !lane.isShut {
            lane.isShut = true
            shutdown(target, Int32(SHUT_WR))
        }
        return true
    }

    private func pieceSize(_ lane: Lane, _ direction: FaultyProxy.Direction) -> Int {
        var size = lane.pending.count
        if let limit = faults.cutAfter[direction] { size = min(size, limit - lane.passed) }
        if let largest = faults.largestPiece { size = min(size, 1 + lane.pieces % largest) }
        return size
    }

    /// Nanoseconds for which the next piece is held back.
    private func hold(isPiece: Bool) -> Int64 {
        let (seconds, attoseconds) = faults.delay.components
        let delay = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        return faults.largestPiece != nil && isPiece ? max(delay, Self.pause) : delay
    }

    // MARK: Waiting

    /// Until a socket can be read or written that is to be, the next piece is due or the owner wants something.
    private func wait() {
        var sockets = ([proxy.alarm.read] + listeners).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var next: Moment?
        for link in links.values {
            var (client, server): (Int16, Int16) = (0, 0)
            for direction in [FaultyProxy.Direction.toServer, .toClient] where !faults.frozen.contains(direction) {
                let lane = link[direction]
                let (reads, writes): (Int16, Int16)
                if lane.takesMore {
                    (reads, writes) = (Int16(POLLIN), 0)
                } else if !lane.pending.isEmpty, lane.due <= .now {
                    (reads, writes) = (0, Int16(POLLOUT))
                } else {
                    (reads, writes) = (0, 0)
                    if !lane.pending.isEmpty { next = min(next ?? lane.due, lane.due) }
                }
                client |= direction == .toServer ? reads : writes
                server |= direction == .toServer ? writes : reads
            }
            // One that nothing is wanted of must not wake us with its end, again and again.
            sockets.append(pollfd(fd: client == 0 ? -1 : link.client, events: client, revents: 0))
            sockets.append(pollfd(fd: server == 0 ? -1 : link.server, events: server, revents: 0))
        }
        // Milliseconds are too coarse for the short holds between bytes.
        let left = next.map { max(0, $0.nanoseconds - Moment.now.nanoseconds) }
        if let left, left < 1_000_000 { usleep(UInt32(left / 1000)) }
        poll(&sockets, nfds_t(sockets.count), left.map { Int32($0 / 1_000_000) } ?? -1)
        var drained = [UInt8](repeating: 0, count: 64)
        while read(proxy.alarm.read, &drained, drained.count) > 0 {}
    }
}

extension ProxyLoop {
    /// A moment of the monotonic clock.
    fileprivate struct Moment: Comparable {
        let nanoseconds: Int64

        static var now: Moment {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        }

        static func + (moment: Moment, nanoseconds: Int64) -> Moment {
            Moment(nanoseconds: moment.nanoseconds + nanoseconds)
        }

        static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }
    }

    /// One direction of a connection.
    fileprivate struct Lane {
        var pending: ArraySlice<UInt8> = []
        /// When the next piece of it may pass.
        var due = Moment(nanoseconds: 0)
        var passed = 0
        var pieces = 0
        /// Whether the source has said all, and whether the target was told.
        var (isEnded, isShut) = (false, false)
        /// Whether the connection is cut once this has passed.
        var isLast = false

        var takesMore: Bool { pending.isEmpty && !isEnded }
    }

    /// One connection: the client's socket and the server's.
    fileprivate struct Link {
        let client: Int32
        let server: Int32
        var toServer = Lane()
        var toClient = Lane()

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }

        subscript(direction: FaultyProxy.Direction) -> Lane {
            get { direction == .toServer ? toServer : toClient }
            set { if direction == .toServer { toServer = newValue } else { toClient = newValue } }
        }

        func ends(_ direction: FaultyProxy.Direction) -> (source: Int32, target: Int32) {
            direction == .toServer ? (client, server) : (server, client)
        }
    }
}
