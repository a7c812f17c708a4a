import CRM
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose request comes in too slowly: after a while a body must have come at a rate that every line has.
/// What comes before the body is bounded by the time that a connection may be idle.
final class SlowBodyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Patience: Sendable {
        /// In which nothing is asked of it.
        var grace: Duration = .seconds(20)
        var bytesPerSecond = 4096
    }

    private let patience: Patience
    private var began: ContinuousClock.Instant?
    private var received = 0
    private var check: Scheduled<Void>?

    init(_ patience: Patience = Patience()) { self.patience = patience }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            began = .now
            received = 0
        case .body(let buffer): received += buffer.readableBytes
        case .end:
            began = nil
            cancel()
        }
        context.fireChannelRead(data)
    }

    /// Only what has not come at once is waited for.
    func channelReadComplete(context: ChannelHandlerContext) {
        if began != nil, check == nil { schedule(context) }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        check?.cancel()
        check = nil
    }

    private func schedule(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let interval = TimeAmount.nanoseconds(Int64(patience.grace / .nanoseconds(1)))
        check = context.eventLoop.scheduleTask(in: interval) {
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        check = nil
        guard let began else { return }
        let owed = (ContinuousClock.now - began - patience.grace) / .seconds(1) * Double(patience.bytesPerSecond)
        guard Double(received) < owed || received == 0 else { return schedule(context) }
        self.began = nil
        let problem = Problem(.timedOut, ProblemCode.timedOut.meaning, requestID: "")
        let body = ByteBuffer(bytes: JSONWriter.bytes(of: problem))
        let head = HTTPResponse(
            status: .requestTimeout,
            headerFields: [
                .contentType: "application/problem+json", .connection: "close",
                .contentLength: String(body.readableBytes),
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}
