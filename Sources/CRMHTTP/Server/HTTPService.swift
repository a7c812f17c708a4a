import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import PollingTransport
public import ServiceLifecycle

/// Serves the API at an address, on the threads that watch the connections to PostgreSQL: a request is read, its
/// statements are sent, their answer is taken and the response is written by one thread.
///
/// HTTP itself is the library's.
public struct HTTPService: Service {
    struct Limits: Sendable {
        var maximumClients: Int
        /// Who sends nothing for so long, or no whole head, holds no connection.
        var idleTimeout = Duration.seconds(60)
        var maximumHeadBytes = 64 * 1024
        var maximumHeaderFields = 100
        var backlog: Int32 = 1024
    }

    private let host: String
    private let port: Int
    private let limits: Limits
    private let logger: Logger
    private let responder: APIResponder
    private let date = DateHeader()
    private let whenListening: @Sendable (Int) -> Void

    /// - Parameter whenListening: called with the port once connections are taken.
    init(
        host: String, port: Int, limits: Limits, logger: Logger,
        whenListening: @escaping @Sendable (Int) -> Void = { _ in }, responder: APIResponder
    ) {
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.whenListening = whenListening
        self.responder = responder
    }

    public func run() async throws {
        let listener = try PollingListener(
            host: host, port: port, backlog: limits.backlog, maximum: limits.maximumClients
        ) { [self] channel in
            channel.host = APIContext.host(channel)
            return channel.eventLoop.makeCompletedFuture { try complete(channel.pipeline.syncOperations) }
        }
        logger.info("listening", metadata: ["address": "\(listener.address)"])
        whenListening(listener.address.port ?? port)
        do { try await gracefulShutdown() } catch {}
        try await listener.quiesce()
    }

    /// HTTP, from the bytes to the answer.
    private func complete(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        var limit = NIOHTTPDecoderLimitConfiguration()
        limit.maxHeaderFieldSize = limits.maximumHeadBytes
        limit.maxHeaderListSize = limits.maximumHeadBytes
        limit.maxHeaderFieldCount = limits.maximumHeaderFields
        try pipeline.addHandler(
            // What the parser leaves lying is no request.
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limit), maximumBufferSize: 256 * 1024))
        try pipeline.addHandler(HTTPCodec(date: date))
        try pipeline.addHandler(ConnectionGuard(.init(idle: limits.idleTimeout)))
        try pipeline.addHandler(RequestHandler(logger: logger, answer: answer))
    }

    private var answer: RequestHandler.Answer {
        { [responder, logger] request, channel in
            await responder.respond(
                to: request, context: APIContext(source: .init(channel: channel, logger: logger)))
        }
    }
}
