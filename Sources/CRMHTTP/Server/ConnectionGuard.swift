import CRM
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTPTypes

/// Ends connections whose client keeps the server waiting: a body that comes too slowly, one that goes on after it was
/// refused, answers that nobody reads. What comes before a body is bounded by the time that a connection may be idle.
///
/// Answers of the HTTP library itself, to what is no HTTP, get the form of all others on their way.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Patience: Sendable {
        /// In which nothing is asked of a body; afterwards it must have come at a rate that every line has.
        var grace: Duration = .seconds(20)
        var bytesPerSecond = 4096
        /// For how long a client may leave an answer unread.
        var unread: Duration = .seconds(60)
        /// For how long what still comes of a request that was answered is read, so that the answer arrives, and how much of it.
        var linger: Duration = .seconds(2)
        var lingeringBytes = 4 << 20
    }

    private let patience: Patience
    private let now: () -> ContinuousClock.Instant
    /// While a request comes in.
    private var began: ContinuousClock.Instant?
    private var received = 0
    /// Whether the request has been answered, whatever is still to come of it.
    private var isAnswered = false
    /// Whether nothing more is taken from the connection once it is quiet.
    private var isLast = false
    /// Whether the last answer has been written whole.
    private var isOver = false
    /// Whether an answer was refused its head.
    private var isMuted = false
    private var lingered = 0
    private var slow: Scheduled<Void>?
    private var deaf: Scheduled<Void>?

    init(_ patience: Patience = Patience(), now: @escaping () -> ContinuousClock.Instant = { .now }) {
        self.patience = patience
        self.now = now
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            began = now()
            received = 0
            isAnswered = false
        case .body(let buffer):
            received += buffer.readableBytes
            if isOver {
                lingered += buffer.readableBytes
                if lingered > patience.lingeringBytes { return context.close(promise: nil) }
            }
        case .end:
            began = nil
            slow?.cancel()
            slow = nil
        }
        context.fireChannelRead(data)
        if isOver, began == nil { context.close(promise: nil) }
    }

    /// Only what has not come at once is waited for.
    func channelReadComplete(context: ChannelHandlerContext) {
        if began != nil, slow == nil { slow = schedule(patience.grace, context) { $0.look($1) } }
        context.fireChannelReadComplete()
    }

    private func look(_ context: ChannelHandlerContext) {
        slow = nil
        guard let began, !isAnswered else { return }
        let owed = (now() - began - patience.grace) / .seconds(1) * Double(patience.bytesPerSecond)
        guard Double(received) < owed || received == 0 else {
            slow = schedule(patience.grace, context) { $0.look($1) }
            return
        }
        self.began = nil
        answer(.timedOut, context)
        context.close(promise: nil)
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isMuted else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            guard !isLast else {
                // What follows on the last request has no answer, nor any part of one.
                isMuted = true
                promise?.fail(ChannelError.ioOnClosedChannel)
                return context.close(promise: nil)
            }
            isAnswered = true
            guard head.headerFields[.requestID] != nil || head.status.code < 400 else {
                // The library's own: it knows no requests yet, and closes the connection.
                return answer(.malformed, context, promise)
            }
            if began != nil {
                isLast = true
                head.headerFields[.connection] = "close"
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where isLast:
            isOver = true
            context.write(data, promise: promise)
            _ = schedule(began == nil ? .zero : patience.linger, context) { $1.close(promise: nil) }
        default: context.write(data, promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        deaf?.cancel()
        deaf = context.channel.isWritable ? nil : schedule(patience.unread, context) { $1.close(promise: nil) }
        context.fireChannelWritabilityChanged()
    }

    /// Refuses what no operation will see.
    private func answer(
        _ code: ProblemCode, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil
    ) {
        isAnswered = true
        let id = UUID().uuidString.lowercased().replacing("-", with: "")
        Logger(label: "mehvar-api").info(
            "a request that cannot be read", metadata: ["request_id": "\(id)", "code": "\(code.rawValue)"])
        let body = ByteBuffer(bytes: JSONWriter.bytes(of: Problem(code, code.meaning, requestID: id)))
        let head = HTTPResponse(
            status: code.status,
            headerFields: [
                .contentType: "application/problem+json", .connection: "close", .requestID: id,
                .contentLength: String(body.readableBytes), .xContentTypeOptions: "nosniff",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: promise)
        if code == .timedOut { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    }

    // MARK: Time

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        slow?.cancel()
        deaf?.cancel()
        (slow, deaf) = (nil, nil)
    }

    private func schedule(
        _ duration: Duration, _ context: ChannelHandlerContext,
        _ action: @escaping @Sendable (ConnectionGuard, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void> {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: .nanoseconds(Int64(duration / .nanoseconds(1)))) {
            let (handler, context) = bound.value
            action(handler, context)
        }
    }
}
