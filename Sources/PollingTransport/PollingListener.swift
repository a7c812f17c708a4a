import CEpoll
import Glibc
package import NIOCore
package import Postgres
import Synchronization

/// Takes connections at an address and deals them out to the loops.
package final class PollingListener: @unchecked Sendable {
    /// Where it listens; with the port that was chosen when 0 was asked for.
    package let address: SocketAddress
    private let loop = PollingEventLoop.all[0]
    private let maximum: Int
    private let accepted: @Sendable (PollingChannel) -> EventLoopFuture<Void>

    // Only the loop's thread touches them.
    private let socket: Int32
    @exclusivity(unchecked) private var watch: SocketWatch?
    @exclusivity(unchecked) private var isClosed = false
    @exclusivity(unchecked) private var turn = 0
    @exclusivity(unchecked) private var channels: [ObjectIdentifier: PollingChannel] = [:]
    @exclusivity(unchecked) private var whenEmpty: [EventLoopPromise<Void>] = []

    private static let acceptedAtOnce = 64
    /// What the system keeps for a client beyond what is on its way: else it would keep megabytes for one that does not read.
    private static let mostUnsent: Int32 = 128 * 1024

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - maximum: most connections at once; others wait in the backlog.
    ///   - accepted: completes the pipeline of a new connection, on its loop; then it begins to read.
    package init(
        host: String, port: Int, backlog: Int32, maximum: Int,
        _ accepted: @escaping @Sendable (PollingChannel) -> EventLoopFuture<Void>
    ) throws {
        let wanted = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let socket = Glibc.socket(wanted.protocol == .inet6 ? AF_INET6 : AF_INET, Int32(kind), 0)
        guard socket >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        self.socket = socket
        self.maximum = maximum
        self.accepted = accepted
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let isBound = wanted.withSockAddr { bind(socket, $0, socklen_t($1)) } == 0
        guard isBound, listen(socket, backlog) == 0 else {
            let code = errno
            Glibc.close(socket)
            throw IOError(errnoCode: code, reason: isBound ? "listen" : "bind")
        }
        address = SocketAddress.of(socket, getsockname) ?? wanted
        loop.execute { [self] in resume() }
    }

    /// Takes no more connections, tells the open ones to end when they have answered, and returns once they are gone.
    /// Cancelling the task closes them at once.
    package func quiesce() async throws {
        let promise = loop.makePromise(of: Void.self)
        loop.execute { [self] in
            stop()
            for channel in channels.values {
                channel.loop.execute { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
            }
            if channels.isEmpty { promise.succeed() } else { whenEmpty.append(promise) }
        }
        try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            loop.execute { [self] in
                for channel in channels.values { channel.close(promise: nil) }
            }
        }
    }

    private func stop() {
        guard !isClosed else { return }
        isClosed = true
        pause()
        Glibc.close(socket)
    }

    private func pause() {
        guard let watch else { return }
        loop.poller.unwatch(watch, socket)
        self.watch = nil
    }

    private func resume() {
        guard !isClosed, watch == nil else { return }
        watch = loop.poller.watch(socket, .read, self)
    }

    private func add(_ socket: Int32) {
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var unsent = Self.mostUnsent
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &unsent, socklen_t(MemoryLayout<Int32>.size))
        let loops = PollingEventLoop.all
        turn = (turn + 1) % loops.count
        let channel = PollingChannel(
            socket, remote: .of(socket, getpeername), local: .of(socket, getsockname), on: loops[turn])
        channels[ObjectIdentifier(channel)] = channel
        channel.closeFuture.hop(to: loop).whenComplete { [self] _ in remove(channel) }
        channel.loop.execute { [accepted] in
            accepted(channel).whenComplete { result in
                if case .failure(let error) = result {
                    channel.close0(error: error, mode: .all, promise: nil)
                } else {
                    channel.start()
                }
            }
        }
    }

    private func remove(_ channel: PollingChannel) {
        channels[ObjectIdentifier(channel)] = nil
        if channels.count < maximum { resume() }
        guard channels.isEmpty else { return }
        for promise in whenEmpty { promise.succeed() }
        whenEmpty = []
    }
}

extension PollingListener: SocketWatcher {
    package func socketIsReady(_ ready: SocketInterest) {
        for _ in 0..<Self.acceptedAtOnce {
            guard !isClosed else { return }
            guard channels.count < maximum else { return pause() }
            let client = accept_nonblocking(socket)
            if client >= 0 {
                add(client)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // Nothing to take it with: others have to end first.
                pause()
                loop.scheduleTask(in: .milliseconds(100)) { [self] in resume() }
                return
            default: return
            }
        }
    }
}

extension SocketAddress {
    fileprivate typealias Lookup = (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32

    /// One end of a connection.
    fileprivate static func of(_ socket: Int32, _ lookup: Lookup) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress,
                lookup(socket, base.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return nil }
            switch Int32(base.assumingMemoryBound(to: sockaddr.self).pointee.sa_family) {
            case AF_INET: return SocketAddress(base.assumingMemoryBound(to: sockaddr_in.self).pointee)
            case AF_INET6: return SocketAddress(base.assumingMemoryBound(to: sockaddr_in6.self).pointee)
            default: return nil
            }
        }
    }
}
