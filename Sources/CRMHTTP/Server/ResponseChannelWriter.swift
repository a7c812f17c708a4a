import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Writes an answer: whole at once when its body is one piece, else piece by piece as the client takes them.
final class ResponseChannelWriter: ResponseBodyWriter {
    let channel: any Channel
    /// It goes out with the first part of the body.
    var head: HTTPResponse?
    private var isHeadSent = false
    private(set) var isFinished = false
    private var held: ByteBuffer?
    private let handler: NIOLoopBound<(RequestHandler, ChannelHandlerContext)>

    init(_ channel: any Channel, _ handler: NIOLoopBound<(RequestHandler, ChannelHandlerContext)>) {
        self.channel = channel
        self.handler = handler
    }

    func write(_ buffer: ByteBuffer) async throws {
        // The last one goes out with the end.
        if let held { try await send(held, isLast: false) }
        held = buffer
    }

    /// - Parameter trailingHeaders: not sent: nobody asks for them.
    func finish(_ trailingHeaders: HTTPFields?) async throws {
        isFinished = true
        try await send(held, isLast: true)
    }

    /// Half an answer cannot be mended: that the connection ends tells the client, and the log says why. That the client has gone
    /// is its own affair.
    func breakOff(_ error: any Error, _ logger: Logger) {
        channel.close(promise: nil)
        guard !(error is ChannelError || error is IOError || error is CancellationError) else { return }
        logger.error(
            "an answer broke off",
            metadata: [
                "request_id": "\(head?.headerFields[.requestID] ?? "")", "error": "\(RequestLog.describe(error))",
            ])
    }

    private func send(_ body: ByteBuffer?, isLast: Bool) async throws {
        guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
        let head = isHeadSent ? nil : self.head
        isHeadSent = true
        held = nil
        let (channel, handler) = (channel, handler)
        // What a client has not taken waits, up to the channel's mark, and then so does whoever writes. From another thread,
        // what is written next must not overtake it.
        let isAtOnce = channel.isWritable && channel.eventLoop.inEventLoop
        let written = isAtOnce ? nil : channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.run {
            let pipeline = channel.pipeline.syncOperations
            if var head {
                handler.value.0.willAnswer(&head)
                pipeline.write(NIOAny(HTTPResponsePart.head(head)), promise: nil)
            }
            if let body { pipeline.write(NIOAny(HTTPResponsePart.body(body)), promise: isLast ? nil : written) }
            guard isLast else { return pipeline.flush() }
            pipeline.write(NIOAny(HTTPResponsePart.end(nil)), promise: written)
            pipeline.flush()
            let (owner, context) = handler.value
            owner.didAnswer(context)
        }
        try await written?.futureResult.get()
    }
}

extension EventLoop {
    /// Calls it on the loop: at once when that is where we are.
    func run(_ call: @escaping @Sendable () -> Void) {
        if inEventLoop { call() } else { execute(call) }
    }
}
