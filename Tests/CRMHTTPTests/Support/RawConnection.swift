import NIOCore
import NIOPosix
import Synchronization

/// A client that sends bytes as it likes. One task at a time reads.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let coming: AsyncStream<ByteBuffer>
    /// What came and was not asked for yet.
    private let text = Mutex("")

    private init(_ channel: any Channel, _ coming: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.coming = coming
    }

    static func with<Result: Sendable>(
        _ port: Int, _ body: @Sendable (RawConnection) async throws -> Result
    ) async throws -> Result {
        let (coming, source) = AsyncStream.makeStream(of: ByteBuffer.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
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

    /// Says that no more will be sent.
    func end() async throws { try await channel.close(mode: .output).get() }

    /// All that comes up to and with the text; what came before the end when there is none.
    func read(through end: String) async -> String {
        while !text.withLock({ $0.utf8.count >= end.utf8.count && $0.contains(end) }), await more() {}
        return text.withLock { text in
            let upper = text.firstRange(of: end)?.upperBound ?? text.endIndex
            defer { text = String(text[upper...]) }
            return String(text[..<upper])
        }
    }

    /// All that comes until the server closes.
    func readToEnd() async -> String {
        while await more() {}
        return text.withLock { text in
            defer { text = "" }
            return text
        }
    }

    private func more() async -> Bool {
        for await buffer in coming {
            text.withLock { $0 += String(buffer: buffer) }
            return true
        }
        return false
    }
}
