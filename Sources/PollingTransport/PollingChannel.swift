import Glibc
package import NIOCore
package import Postgres
import Synchronization

/// A client's connection, on a ``PollingEventLoop``.
///
/// As NIO's own channels of sockets it reads when its pipeline asks for it, keeps what the socket does not take, says
/// when that is too much, and stays half open when only the client has ended.
package final class PollingChannel: Channel, @unchecked Sendable {
    package let allocator = ByteBufferAllocator()
    package let closeFuture: EventLoopFuture<Void>
    /// Made by `init`.
    package private(set) lazy var pipeline = ChannelPipeline(channel: self)
    package let localAddress: SocketAddress?
    package let remoteAddress: SocketAddress?
    /// What the server writes for the client's address, once for all requests; set before the channel reads.
    package var host: String?
    package var parent: (any Channel)? { nil }
    package var eventLoop: any EventLoop { loop }
    package var isWritable: Bool { writable.load(ordering: .relaxed) }
    package var isActive: Bool { active.load(ordering: .relaxed) }
    package var _channelCore: any ChannelCore { self }
    package var syncOptions: (any NIOSynchronousChannelOptions)? { self }

    let loop: PollingEventLoop
    private let closePromise: EventLoopPromise<Void>
    private let writable = Atomic<Bool>(true)
    private let active = Atomic<Bool>(false)

    // From here on only the loop's thread touches them.
    @exclusivity(unchecked) private var socket: Int32
    @exclusivity(unchecked) private var watch: SocketWatch?
    @exclusivity(unchecked) private var interest = SocketInterest.none
    @exclusivity(unchecked) private var isReadWanted = false
    /// Something has come that nobody wants yet.
    @exclusivity(unchecked) private var isUnwantedReady = false
    @exclusivity(unchecked) private var isInputOver = false
    @exclusivity(unchecked) private var isOutputOver = false
    /// To keep once what is written has gone out: no more is taken.
    @exclusivity(unchecked) private var endOfOutput: [EventLoopPromise<Void>?]?
    @exclusivity(unchecked) private var writes = PendingWrites()
    @exclusivity(unchecked) private var capacity = 2048
    @exclusivity(unchecked) var readsAutomatically = true
    @exclusivity(unchecked) var staysHalfOpen = true

    var unwritten: Int { writes.bytes }

    private static let capacities = 2048...(64 * 1024)
    /// Reads before others have their turn.
    private static let readsAtOnce = 4
    private static let marks = (low: 32 * 1024, high: 64 * 1024)

    init(_ socket: Int32, remote: SocketAddress?, local: SocketAddress?, on loop: PollingEventLoop) {
        self.socket = socket
        self.loop = loop
        remoteAddress = remote
        localAddress = local
        closePromise = loop.makePromise()
        closeFuture = closePromise.futureResult
        _ = pipeline
    }

    /// Begins to read, once the pipeline is complete.
    func start() {
        guard socket >= 0, watch == nil else { return }
        watch = loop.poller.watch(socket, .read, self)
        guard watch != nil else {
            return close0(error: IOError(errnoCode: errno, reason: "epoll_ctl"), mode: .all, promise: nil)
        }
        interest = .read
        active.store(true, ordering: .relaxed)
        pipeline.fireChannelRegistered()
        pipeline.fireChannelActive()
        if readsAutomatically { pipeline.read() }
    }

    // MARK: What comes in

    private func takeInput() {
        var reads = 0
        var mayHaveMore = true
        while mayHaveMore, reads < Self.readsAtOnce, isReadWanted, socket >= 0, !isInputOver {
            // Taken over from the read before, on whichever channel, unless somebody keeps that.
            var buffer = loop.takeInput(capacity)
            var count = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { [socket] bytes in
                count = recv(socket, bytes.baseAddress, bytes.count, 0)
                return max(0, count)
            }
            guard count >= 0 else {
                let code = errno
                if code == EINTR { continue }
                if code == EAGAIN || code == EWOULDBLOCK { break }
                return fail(IOError(errnoCode: code, reason: "recv"))
            }
            if count == 0 {
                if reads > 0 { completeRead() }
                return endInput()
            }
            reads += 1
            mayHaveMore = buffer.writableBytes == 0
            adapt(count)
            isReadWanted = false
            pipeline.fireChannelRead(buffer)
            loop.giveBack(buffer)
            // More is read at once only by whom that does not flood.
            if mayHaveMore, readsAutomatically { pipeline.read() }
        }
        if reads > 0 { completeRead() }
    }

    private func completeRead() {
        pipeline.fireChannelReadComplete()
        if readsAutomatically, socket >= 0, !isReadWanted { pipeline.read() }
    }

    private func adapt(_ count: Int) {
        if count >= capacity, capacity < Self.capacities.upperBound {
            capacity *= 2
        } else if count < capacity / 4, capacity > Self.capacities.lowerBound {
            capacity /= 2
        }
    }

    /// The client sends no more.
    private func endInput() {
        guard socket >= 0, !isInputOver else { return }
        isInputOver = true
        if isOutputOver || !staysHalfOpen { return close0(error: ChannelError.eof, mode: .all, promise: nil) }
        updateInterest()
        pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }

    private func fail(_ error: any Error) {
        pipeline.fireErrorCaught(error)
        close0(error: error, mode: .all, promise: nil)
    }

    // MARK: What goes out

    private func writeOut() {
        var written: [EventLoopPromise<Void>] = []
        let outcome = writes.write(to: socket, &written)
        for promise in written { promise.succeed() }
        switch outcome {
        case .failed(let code): fail(IOError(errnoCode: code, reason: "sendmsg"))
        case .done, .blocked:
            noteWritability()
            guard socket >= 0 else { return }
            updateInterest()
            if let promises = endOfOutput, writes.isEmpty { endOutput(promises) }
        }
    }

    private func noteWritability() {
        if writes.bytes > Self.marks.high, isWritable {
            writable.store(false, ordering: .relaxed)
            pipeline.fireChannelWritabilityChanged()
        } else if writes.bytes < Self.marks.low, !isWritable {
            writable.store(true, ordering: .relaxed)
            pipeline.fireChannelWritabilityChanged()
        }
    }

    private func endOutput(_ promises: [EventLoopPromise<Void>?]) {
        endOfOutput = nil
        isOutputOver = true
        shutdown(socket, Int32(SHUT_WR))
        for promise in promises { promise?.succeed() }
        if isInputOver { return close0(error: ChannelError.outputClosed, mode: .all, promise: nil) }
        pipeline.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
    }

    private func updateInterest() {
        guard let watch, socket >= 0 else { return }
        // What is watched stays so until something comes that nobody wants.
        let reads = !isInputOver && (isReadWanted || interest.touches(.read) && !isUnwantedReady)
        let wanted: SocketInterest =
            if writes.isFlushed { reads ? .readOrWrite : .write } else { reads ? .read : .none }
        guard wanted.rawValue != interest.rawValue else { return }
        interest = wanted
        loop.poller.change(watch, socket, wanted)
    }
}

extension PollingChannel: SocketWatcher {
    package func socketIsReady(_ ready: SocketInterest) {
        if ready.touches(.write), writes.isFlushed { writeOut() }
        guard socket >= 0 else { return }
        if ready.touches(.gone), isInputOver {
            return close0(error: ChannelError.eof, mode: .all, promise: nil)
        }
        guard ready.touches(.read) || ready.touches(.gone), !isInputOver else { return }
        if isReadWanted {
            takeInput()
        } else if ready.touches(.gone) {
            // Told again and again, whatever is asked for.
            fail(IOError(errnoCode: ECONNRESET, reason: "the client is gone"))
        } else {
            isUnwantedReady = true
            updateInterest()
            isUnwantedReady = false
        }
    }
}

extension PollingChannel: ChannelCore {
    package func localAddress0() throws -> SocketAddress {
        guard let localAddress else { throw ChannelError.unknownLocalAddress }
        return localAddress
    }

    package func remoteAddress0() throws -> SocketAddress {
        guard let remoteAddress else { throw ChannelError.operationUnsupported }
        return remoteAddress
    }

    package func register0(promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    package func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }
    package func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    package func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard socket >= 0 else { promise?.fail(ChannelError.ioOnClosedChannel); return }
        guard !isOutputOver, endOfOutput == nil else { promise?.fail(ChannelError.outputClosed); return }
        guard case .byteBuffer(let buffer) = unwrapData(data, as: IOData.self) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        writes.append(buffer, promise)
        if writes.bytes > Self.marks.high { noteWritability() }
    }

    package func flush0() {
        guard socket >= 0 else { return }
        let waits = writes.isFlushed
        writes.flush()
        // Who waits for the socket is told by it.
        if !waits, writes.isFlushed { writeOut() }
    }

    package func read0() {
        guard socket >= 0, !isInputOver else { return }
        isReadWanted = true
        updateInterest()
    }

    package func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard socket >= 0 else { promise?.fail(ChannelError.alreadyClosed); return }
        switch mode {
        case .output:
            guard !isOutputOver else { promise?.fail(ChannelError.outputClosed); return }
            endOfOutput = (endOfOutput ?? []) + [promise]
            if writes.isEmpty { endOutput(endOfOutput ?? []) }
        case .input:
            guard !isInputOver else { promise?.fail(ChannelError.inputClosed); return }
            shutdown(socket, Int32(SHUT_RD))
            promise?.succeed()
            endInput()
        case .all: closeWhole(error, promise)
        }
    }

    private func closeWhole(_ error: any Error, _ promise: EventLoopPromise<Void>?) {
        if let watch { loop.poller.unwatch(watch, socket) }
        watch = nil
        Glibc.close(socket)
        socket = -1
        let wasActive = active.exchange(false, ordering: .relaxed)
        let failed = writes.removeAll() + (endOfOutput ?? []).compactMap(\.self)
        endOfOutput = nil
        for failed in failed { failed.fail(error) }
        promise?.succeed()
        if wasActive {
            pipeline.fireChannelInactive()
            pipeline.fireChannelUnregistered()
        }
        // Handlers below in the call may still use their contexts.
        loop.execute { [self] in
            removeHandlers(pipeline: pipeline)
            closePromise.succeed()
        }
    }

    package func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }

    /// What reaches the end of the pipeline is of no use.
    package func channelRead0(_ data: NIOAny) {}

    package func errorCaught0(error: any Error) {}
}
