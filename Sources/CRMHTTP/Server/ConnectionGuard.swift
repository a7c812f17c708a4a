import CRM
import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends connections whose client keeps the server waiting: one that asks for nothing, a body that comes too slowly,
/// answers that nobody reads, and one that stays when it has had its last answer.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    struct Patience: Sendable {
        /// For how long a connection may ask for nothing, or for no whole head.
        var idle: Duration = .seconds(60)
        /// In which nothing is asked of a body; afterwards it must have come at a rate that every line has.
        var grace: Duration = .seconds(20)
        var bytesPerSecond = 4096
        /// For how long a client may leave an answer unread, or take it more slowly than that.
        var unread: Duration = .seconds(60)
        /// For how long what still comes after the last answer is read, so that it arrives, and how much of it.
        var linger: Duration = .seconds(2)
        var lingeringBytes = 4 << 20
    }

    private let patience: Patience
    private let now: () -> ContinuousClock.Instant
    /// While a request comes in.
    private var began: ContinuousClock.Instant?
    private var received = 0
    /// Whether more may come: it is the server that waits.
    private var isAsked = false
    /// Requests that have no whole answer yet.
    private var open = 0
    /// When something was asked for or answered.
    private var lastActive: ContinuousClock.Instant
    /// Whether the last answer was given, though the client may not have taken it.
    private var isEnding = false
    /// What came since the last answer went out.
    private var lingered: Int?
    private var slow: Scheduled<Void>?
    private var deaf: Scheduled<Void>?
    private var idle: Scheduled<Void>?
    private var lingering: Scheduled<Void>?

    init(_ patience: Patience = Patience(), now: @escaping () -> ContinuousClock.Instant = { .now }) {
        self.patience = patience
        self.now = now
        lastActive = now()
    }

    // MARK: What comes in

    func channelActive(context: ChannelHandlerContext) {
        idle = schedule(patience.idle, context) { $0.lookForActivity($1) }
        context.fireChannelActive()
    }

    func read(context: ChannelHandlerContext) {
        isAsked = true
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isAsked = false
        switch unwrapInboundIn(data) {
        case .head where isEnding: break
        case .head:
            lastActive = now()
            began = lastActive
            received = 0
            open += 1
        case .body(let buffer):
            received += buffer.readableBytes
            if isEnding, lingered == nil { lingered = 0 }
            if let before = lingered {
                lingered = before + buffer.readableBytes
                if before > patience.lingeringBytes { return context.close(promise: nil) }
            }
        case .end:
            began = nil
            slow?.cancel()
            slow = nil
        }
        context.fireChannelRead(data)
    }

    /// Only what has not come at once is waited for.
    func channelReadComplete(context: ChannelHandlerContext) {
        if began != nil, slow == nil, lingered == nil { slow = schedule(patience.grace, context) { $0.look($1) } }
        context.fireChannelReadComplete()
    }

    private func look(_ context: ChannelHandlerContext) {
        slow = nil
        guard let began else { return }
        guard isAsked else {
            // Nobody has taken what came before.
            self.began = now()
            received = 0
            slow = schedule(patience.grace, context) { $0.look($1) }
            return
        }
        let owed = (now() - began - patience.grace) / .seconds(1) * Double(patience.bytesPerSecond)
        guard Double(received) < owed || received == 0 else {
            slow = schedule(patience.grace, context) { $0.look($1) }
            return
        }
        self.began = nil
        // Whoever waits for the rest answers.
        context.fireErrorCaught(RequestProblem.tooSlow)
    }

    private func lookForActivity(_ context: ChannelHandlerContext) {
        let rest = patience.idle - (now() - lastActive)
        // A body has its own time, and so has who does not read.
        let isBusy = open > 0
        if rest <= .zero, !isBusy { return context.close(promise: nil) }
        idle = schedule(rest <= .zero ? patience.idle : rest, context) { $0.lookForActivity($1) }
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        // It is only now that the body is to be sent.
        case .head(let head) where head.status.kind == .informational && began != nil: began = now()
        case .end:
            open -= 1
            lastActive = now()
        default: break
        }
        context.write(data, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output {
            isEnding = true
            began = nil
            open = 0
            lastActive = now()
        }
        context.close(mode: mode, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        deaf?.cancel()
        deaf = context.channel.isWritable ? nil : waitForReader(context)
        context.fireChannelWritabilityChanged()
    }

    /// One that takes a long answer at the rate that is asked of bodies may go on.
    private func waitForReader(_ context: ChannelHandlerContext) -> Scheduled<Void> {
        let before = Self.unread(context)
        return schedule(patience.unread, context) { handler, context in
            let owed = handler.patience.unread / .seconds(1) * Double(handler.patience.bytesPerSecond)
            guard Double(before - Self.unread(context)) >= owed else { return context.close(promise: nil) }
            handler.deaf = handler.waitForReader(context)
        }
    }

    private static func unread(_ context: ChannelHandlerContext) -> Int {
        // Of a channel that does not say, nothing is known to be taken.
        (try? context.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .outputClosed, lingering == nil {
            lingered = 0
            lingering = schedule(patience.linger, context) { $1.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Time

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    private func cancel() {
        for timer in [slow, deaf, idle, lingering] { timer?.cancel() }
        (slow, deaf, idle, lingering) = (nil, nil, nil, nil)
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
