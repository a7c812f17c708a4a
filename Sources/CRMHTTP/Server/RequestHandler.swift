import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Postgres

/// Has the requests of a connection answered, one after the other.
///
/// A request that came whole, as nearly all do, is answered at once on the connection's thread; the body of any other is
/// handed on as it comes, and no faster than it is taken.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart
    typealias Answer = @Sendable (Request, any Channel) async -> Response
    private typealias Upload = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, UploadDemand
    >

    private let answer: Answer
    private let logger: Logger
    /// Of the request that comes in.
    private var head: HTTPRequest?
    /// What came of its body, as long as it is not handed on.
    private var body: ByteBuffer?
    private var upload: Upload.Source?
    /// How many there were.
    private var uploads = 0
    private var isUploadWanted = true
    private var isReadHeld = false
    /// Whether nothing more is to come of the last request.
    private var isWhole = true
    /// Whether what still comes is of a request that was answered.
    private var isLeftover = false
    /// Whether an answer is under way.
    private var isAnswering = false
    private var closesAfterAnswer = false
    /// While a request's task runs for the first time.
    private var isBeginning = false
    /// Whether the last answer has been given.
    private var isOver = false

    init(logger: Logger, answer: @escaping Answer) {
        self.logger = logger
        self.answer = answer
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            isWhole = false
            isLeftover = false
        case .body(var buffer):
            if let upload {
                if case .stopProducing = upload.yield(buffer) { isUploadWanted = false }
            } else if head != nil {
                if body == nil { body = buffer } else { body?.writeBuffer(&buffer) }
            }
        case .end:
            isWhole = true
            endUpload()
            if head != nil { begin(RequestBody(buffer: body ?? ByteBuffer()), context) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The rest of it is still to come.
        if head != nil { begin(streamedBody(context), context) }
        context.fireChannelReadComplete()
    }

    private func begin(_ body: RequestBody, _ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        self.body = nil
        isAnswering = true
        if head.headerFields.value(.connection)?.lowercased() == "close" { closesAfterAnswer = true }
        let request = Request(head: head, body: body)
        // The next request is handed on while the end of this one's answer is written: a hundred that are answered at once
        // would be a hundred calls deep.
        guard !isBeginning else {
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            return context.eventLoop.execute { bound.value.0.answer(request, bound.value.1) }
        }
        answer(request, context)
    }

    private func answer(_ request: Request, _ context: ChannelHandlerContext) {
        isBeginning = true
        defer { isBeginning = false }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let writer = ResponseChannelWriter(context.channel) { bound.value.0.end(bound.value.1) }
        Task.immediate(executorPreference: PollingExecutor.shared) { [answer] in
            do {
                let response = await answer(request, writer.channel)
                writer.head = response.head
                try await response.body.write(writer)
                if !writer.isFinished { try await writer.finish(nil) }
            } catch {
                // Half an answer cannot be mended; or nobody is there to read it.
                writer.channel.close(promise: nil)
            }
        }
    }

    /// The end of an answer is about to be written, and behind it the next request comes. Returns whether the connection ends
    /// with it.
    private func end(_ context: ChannelHandlerContext) -> Bool {
        isAnswering = false
        isUploadWanted = true
        // An answer that comes before the whole request is the connection's last.
        isOver = closesAfterAnswer || !isWhole
        isLeftover = !isWhole
        if !isOver { resumeReading(context) }
        // While the request still comes, who guards the connection lets the answer arrive first.
        return isOver && isWhole
    }

    // MARK: Bodies that come in parts

    private func streamedBody(_ context: ChannelHandlerContext) -> RequestBody {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        uploads += 1
        let demand = UploadDemand(loop: context.eventLoop) { [number = uploads] isOver in
            let (handler, context) = bound.value
            // It may be heard of when the next one has begun.
            guard handler.uploads == number else { return }
            // What nobody takes is read and forgotten.
            if isOver { handler.endUpload() }
            handler.isUploadWanted = true
            handler.resumeReading(context)
        }
        let sequence = Upload.makeSequence(
            elementType: ByteBuffer.self, failureType: (any Error).self,
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8), finishOnDeinit: false, delegate: demand)
        upload = sequence.source
        if let body { _ = sequence.source.yield(body) }
        return RequestBody(asyncSequence: sequence.sequence)
    }

    private func endUpload(_ error: (any Error)? = nil) {
        if let error { upload?.finish(error) } else { upload?.finish() }
        upload = nil
    }

    func read(context: ChannelHandlerContext) {
        if upload != nil, !isUploadWanted { isReadHeld = true } else { context.read() }
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            breakOff(ChannelError.eof)
            if isAnswering { closesAfterAnswer = true } else { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isHTTP = error is HTTPParserError
        logger.trace("a connection failed", metadata: ["error": "\(error)"])
        breakOff(error)
        // An answer that is under way ends as it would have, whatever comes behind what was wrong.
        if isAnswering, closesAfterAnswer, !(error is IOError) { return }
        if isHTTP, isAnswering {
            closesAfterAnswer = true
        } else if isHTTP, !isLeftover, !isOver {
            isOver = true
            context.write(
                wrapOutboundOut(.head(HTTPResponse(status: .badRequest, headerFields: [.connection: "close"]))),
                promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            context.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        breakOff(ChannelError.eof)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { breakOff(ChannelError.eof) }

    private func breakOff(_ error: any Error) {
        head = nil
        body = nil
        endUpload(error)
    }
}

/// Told when more of a body is wanted, or none.
final class UploadDemand: NIOAsyncSequenceProducerDelegate {
    private let loop: any EventLoop
    private let changed: @Sendable (_ isOver: Bool) -> Void

    init(loop: any EventLoop, changed: @escaping @Sendable (_ isOver: Bool) -> Void) {
        self.loop = loop
        self.changed = changed
    }

    func produceMore() { loop.execute { [changed] in changed(false) } }
    func didTerminate() { loop.execute { [changed] in changed(true) } }
}

/// Writes an answer: whole at once when its body is one piece, else piece by piece as the client takes them.
final class ResponseChannelWriter: ResponseBodyWriter {
    let channel: any Channel
    var head: HTTPResponse?
    private(set) var isFinished = false
    private var held: ByteBuffer?

    /// Called on the loop before the end is written; returns whether the connection ends with it.
    private let willEnd: @Sendable () -> Bool

    init(_ channel: any Channel, willEnd: @escaping @Sendable () -> Bool) {
        self.channel = channel
        self.willEnd = willEnd
    }

    func write(_ buffer: ByteBuffer) async throws {
        // The last one goes out with the end.
        if let held { try await send(held, isLast: false) }
        held = buffer
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {
        isFinished = true
        try await send(held, isLast: true, trailingHeaders)
    }

    private func send(_ body: ByteBuffer?, isLast: Bool, _ trailers: HTTPFields? = nil) async throws {
        let head = self.head
        self.head = nil
        held = nil
        let (channel, willEnd) = (channel, willEnd)
        // What a client has not taken waits, up to the channel's mark, and then so does whoever writes.
        let written = channel.isWritable ? nil : channel.eventLoop.makePromise(of: Void.self)
        channel.eventLoop.run {
            let pipeline = channel.pipeline.syncOperations
            if let head { pipeline.write(NIOAny(HTTPResponsePart.head(head)), promise: nil) }
            if let body { pipeline.write(NIOAny(HTTPResponsePart.body(body)), promise: isLast ? nil : written) }
            guard isLast else { return pipeline.flush() }
            let isClosing = willEnd()
            let whole = written ?? (isClosing ? channel.eventLoop.makePromise(of: Void.self) : nil)
            if isClosing { whole?.futureResult.whenComplete { _ in channel.close(promise: nil) } }
            pipeline.write(NIOAny(HTTPResponsePart.end(trailers)), promise: whole)
            pipeline.flush()
        }
        try await written?.futureResult.get()
    }
}

extension EventLoop {
    /// Calls it on the loop: at once when that is where we are.
    fileprivate func run(_ call: @escaping @Sendable () -> Void) {
        if inEventLoop { call() } else { execute(call) }
    }
}
