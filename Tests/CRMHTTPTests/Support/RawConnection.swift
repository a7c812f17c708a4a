import NIOCore
import NIOPosix
import Synchronization

/// A client that sends bytes as it likes. One task at a time reads.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let coming: AsyncStream<ByteBuffer>
    /// What came and was not asked for yet.
    private let bytes = Mutex([UInt8]())

    private init(_ channel: any Channel, _ coming: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.coming = coming
    }

    /// - Parameter isDeaf: whether it takes nothing until ``listen()``.
    static func with<Result: Sendable>(
        _ port: Int, isDeaf: Bool = false, _ body: @Sendable (RawConnection) async throws -> Result
    ) async throws -> Result {
        let (coming, source) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .channelOption(ChannelOptions.autoRead, value: !isDeaf)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(source))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        do {
            let result = try await body(RawConnection(channel, coming))
            channel.close(promise: nil)
            return result
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let source: AsyncStream<ByteBuffer>.Continuation

        init(_ source: AsyncStream<ByteBuffer>.Continuation) { self.source = source }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { source.yield(unwrapInboundIn(data)) }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { source.finish() }
        }

        func channelInactive(context: ChannelHandlerContext) { source.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { source.finish() }
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func listen() async throws { try await channel.setOption(ChannelOptions.autoRead, value: true).get() }

    /// Says that no more will be sent.
    func end() async throws { try await channel.close(mode: .output).get() }

    /// All that comes up to and with the text; what came before the end when there is none.
    func read(through end: String) async -> String {
        let end = Array(end.utf8)
        var searched = 0
        while true {
            let (found, count) = bytes.withLock { bytes in
                (bytes[searched...].firstRange(of: end)?.upperBound, bytes.count)
            }
            if let found { return take(found) }
            // It may have begun already.
            searched = max(0, count - end.count)
            guard await more() else { return take(count) }
        }
    }

    /// All that comes until the server closes.
    func readToEnd() async -> String {
        while await more() {}
        return take(bytes.withLock { $0.count })
    }

    private func take(_ count: Int) -> String {
        bytes.withLock { bytes in
            defer { bytes.removeFirst(count) }
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    private func more() async -> Bool {
        for await buffer in coming {
            bytes.withLock { $0 += buffer.readableBytesView }
            return true
        }
        return false
    }
}
