import CRM
import DequeModule
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import Postgres

/// Has the requests of a connection answered, one after the other, and ends it.
///
/// A request that came whole, as nearly all do, is answered at once on the connection's thread; the body of any other is
/// handed on as it comes, and no faster than it is taken. What comes behind a request waits for its answer.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart
    typealias Answer = @Sendable (Request, any Channel) async -> Response
    private typealias Upload = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, UploadDemand
    >

    /// What comes from the client.
    private enum Incoming {
        case part(HTTPRequestPart)
        case failure(any Error)
        case end
    }

    private let answer: Answer
    private let logger: Logger
    /// What came behind a request that is being answered. Nothing more is read meanwhile, so it is little.
    private var waiting = Deque<Incoming>()
    /// Whether something that came is being handled: what follows on it waits, so that calls do not nest.
    private var isHandling = false
    /// Whether more may come at once.
    private var isReading = false
    private var isReadHeld = false
    /// Of the request that comes in.
    private var head: HTTPRequest?
    /// What came of its body, as long as it is not handed on.
    private var body: ByteBuffer?
    private var upload: Upload.Source?
    private var uploads = 0
    private var isUploadWanted = true
    /// Whether nothing more is to come of the last request.
    private var isWhole = true
    /// Whether an answer is under way.
    private var isAnswering = false
    /// Whether it has begun to be written.
    private var isBegun = false
    /// Whether the client takes what it was sent.
    private var isTaking = true
    /// Whether the answer that is under way, or the next, is the last.
    private var isLast = false
    /// Whether the server is about to stop.
    private var isQuiescing = false
    /// Whether the last answer has been given.
    private var isOver = false

    init(logger: Logger, answer: @escaping Answer) {
        self.logger = logger
        self.answer = answer
    }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        take(.part(unwrapInboundIn(data)), context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        goOn(context)
        context.fireChannelReadComplete()
    }

    /// Whether what comes now has to wait: for the answer to what came before it, and for the client to take that.
    private var isBlocked: Bool { isAnswering ? isWhole : !isTaking }

    private func take(_ incoming: Incoming, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        if isHandling || isBlocked || !waiting.isEmpty { return waiting.append(incoming) }
        isHandling = true
        handle(incoming, context)
        isHandling = false
        if !waiting.isEmpty { goOn(context) }
    }

    /// Handles what waited, up to the next request that is not answered at once.
    private func goOn(_ context: ChannelHandlerContext) {
        guard !isHandling else { return }
        isHandling = true
        while !isBlocked, !isOver, let next = waiting.popFirst() { handle(next, context) }
        // The rest of its body is still to come.
        if head != nil, !isReading, !isOver { begin(streamedBody(context), context) }
        isHandling = false
        if isOver { waiting.removeAll() }
        // Answered meanwhile.
        if !waiting.isEmpty, !isBlocked { return goOn(context) }
        resumeReading(context)
    }

    private func handle(_ incoming: Incoming, _ context: ChannelHandlerContext) {
        switch incoming {
        case .part(.head(let head)):
            self.head = head
            isWhole = false
        case .part(.body(var buffer)):
            if let upload {
                if case .stopProducing = upload.yield(buffer) { isUploadWanted = false }
            } else if head != nil {
                if body == nil { body = buffer } else { body?.writeBuffer(&buffer) }
            }
        case .part(.end):
            isWhole = true
            endUpload()
            if head != nil { begin(RequestBody(buffer: body ?? ByteBuffer()), context) }
        case .failure(let error): fail(error, context)
        case .end: endInput(context)
        }
    }

    private func begin(_ body: RequestBody, _ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        self.body = nil
        if head.headerFields.value(.connection) == "close" { isLast = true }
        let request = Request(head: head, body: body)
        give(context) { [answer] in await answer(request, $0) }
    }

    private func give(
        _ context: ChannelHandlerContext, _ answer: @escaping @Sendable (any Channel) async -> Response
    ) {
        isAnswering = true
        isBegun = false
        let writer = ResponseChannelWriter(
            context.channel, NIOLoopBound((self, context), eventLoop: context.eventLoop))
        Task.immediate(executorPreference: PollingExecutor.shared) { [logger] in
            do {
                let response = await answer(writer.channel)
                writer.head = response.head
                try await response.body.write(writer)
                if !writer.isFinished { try await writer.finish(nil) }
            } catch {
                writer.breakOff(error, logger)
            }
        }
    }

    // MARK: What goes out

    /// The head of an answer is about to be written.
    func willAnswer(_ head: inout HTTPResponse) {
        isBegun = true
        // An answer that comes before the whole request is the connection's last.
        if !isWhole || isQuiescing && waiting.isEmpty { isLast = true }
        if isLast { head.headerFields[.connection] = "close" }
    }

    /// An answer was written.
    func didAnswer(_ context: ChannelHandlerContext) {
        isAnswering = false
        isUploadWanted = true
        if isLast || isQuiescing && waiting.isEmpty { return finish(context) }
        goOn(context)
    }

    /// Lets what was written arrive, and then closes the connection: as soon as the client does, or whoever guards it.
    private func finish(_ context: ChannelHandlerContext) {
        isOver = true
        waiting.removeAll()
        context.close(mode: .output, promise: nil)
        resumeReading(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isTaking = context.channel.isWritable
        if isTaking { goOn(context) }
        context.fireChannelWritabilityChanged()
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
        let upload = Upload.makeSequence(
            elementType: ByteBuffer.self, failureType: (any Error).self,
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8), finishOnDeinit: false, delegate: demand)
        self.upload = upload.source
        if let body { _ = upload.source.yield(body) }
        guard head?.headerFields.value(.expect)?.lowercased() == "100-continue" else {
            return RequestBody(asyncSequence: upload.sequence)
        }
        let loop = context.eventLoop
        let body = AwaitedBody(base: upload.sequence) { [number = uploads] in
            loop.run {
                let (handler, context) = bound.value
                handler.proceed(number, context)
            }
        }
        return RequestBody(asyncSequence: body)
    }

    /// Tells the client that its body is wanted, unless the answer has overtaken that.
    private func proceed(_ upload: Int, _ context: ChannelHandlerContext) {
        guard upload == uploads, isAnswering, !isBegun else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func endUpload(_ error: (any Error)? = nil) {
        if let error { upload?.finish(error) } else { upload?.finish() }
        upload = nil
    }

    func read(context: ChannelHandlerContext) {
        if !isOver, upload != nil ? !isUploadWanted : isBlocked || !waiting.isEmpty {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        read(context: context)
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            if !isAnswering, head == nil, waiting.isEmpty, !isOver { finish(context) }
        case let event as ChannelEvent where event == .inputClosed: take(.end, context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.trace("a connection failed", metadata: ["error": "\(error)"])
        if error is IOError { context.close(promise: nil) } else { take(.failure(error), context) }
    }

    /// What comes is no HTTP, or nothing that can be waited for.
    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        breakOff(error)
        isLast = true
        // An answer that is under way ends as it would have.
        guard !isAnswering else { return }
        let id = RequestIdentifier.next()
        let code = ProblemCode.malformed
        logger.info("a request that cannot be read", metadata: ["request_id": "\(id)", "code": "\(code.rawValue)"])
        give(context) { _ in
            var response = Problem(code, code.meaning, requestID: id).response()
            response.headers[.requestID] = id
            response.headers[.xContentTypeOptions] = "nosniff"
            return response
        }
    }

    /// The client sends no more, and may still read.
    private func endInput(_ context: ChannelHandlerContext) {
        breakOff(ChannelError.eof)
        isLast = true
        if !isAnswering { finish(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        waiting.removeAll()
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
