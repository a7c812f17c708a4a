import DequeModule
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Between what the library's parser reads and the types of requests, and from responses to their bytes, which go out
/// in one piece where they are small. (RFC 9112)
///
/// A request that ends its connection, as of HTTP/1.0, has `Connection: close` whatever it said.
final class HTTPCodec: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = ByteBuffer

    /// How a response's end is told.
    private enum Framing { case none, length, chunks, close }
    private struct Asked {
        var isHead = false
        /// It knows no chunks.
        var isOld = false
    }

    private let date: DateHeader
    /// The requests that have no response yet.
    private var asked = Deque<Asked>()
    private var framing = Framing.none
    /// What is to be written before anything else.
    private var held: ByteBuffer?

    /// Larger pieces are not copied.
    private static let copied = 16 * 1024

    init(date: DateHeader) { self.date = date }

    // MARK: What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            asked.append(Asked(isHead: head.method == .HEAD, isOld: head.version != .http1_1))
            guard let request = HTTPRequest(head) else {
                return context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
            }
            context.fireChannelRead(wrapInboundOut(.head(request)))
        case .body(let body): context.fireChannelRead(wrapInboundOut(.body(body)))
        // Trailers are of no use.
        case .end: context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    // MARK: What goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let body): append(body, context)
        case .end:
            if framing == .chunks { hold("0\r\n\r\n", context) }
            framing = .none
        }
        if let promise { send(context, promise) }
    }

    func flush(context: ChannelHandlerContext) {
        if held != nil { send(context, nil) }
        context.flush()
    }

    private func begin(_ head: HTTPResponse, _ context: ChannelHandlerContext) {
        var out = held ?? context.channel.allocator.buffer(capacity: 1024)
        held = nil
        out.writeStaticString("HTTP/1.1 ")
        out.writeString(String(head.status.code))
        out.writeStaticString(" ")
        out.writeString(head.status.reasonPhrase)
        out.writeStaticString("\r\n")
        var hasLength = false
        let hasBody = head.status != .noContent && head.status != .notModified
        for field in head.headerFields {
            if field.name == .contentLength {
                // (RFC 9110, section 8.6)
                guard hasBody else { continue }
                hasLength = true
            }
            out.writeString(field.name.rawName)
            out.writeStaticString(": ")
            field.withUnsafeBytesOfValue { _ = out.writeBytes($0) }
            out.writeStaticString("\r\n")
        }
        if head.status.kind != .informational {
            out.writeStaticString("Server: mehvar\r\nDate: ")
            out.writeString(date.text)
            out.writeStaticString("\r\n")
            let asked = asked.popFirst() ?? Asked()
            framing = Self.framing(head.status, hasLength, asked)
            if framing == .chunks { out.writeStaticString("Transfer-Encoding: chunked\r\n") }
        }
        out.writeStaticString("\r\n")
        held = out
    }

    private static func framing(_ status: HTTPResponse.Status, _ hasLength: Bool, _ asked: Asked) -> Framing {
        if asked.isHead || status == .noContent || status == .notModified { return .none }
        if hasLength { return .length }
        return asked.isOld ? .close : .chunks
    }

    private func append(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        var body = body
        // An empty chunk would be the last.
        guard framing != .none, body.readableBytes > 0 else { return }
        if framing == .chunks { hold(String(body.readableBytes, radix: 16) + "\r\n", context) }
        if body.readableBytes <= Self.copied {
            if held == nil { held = body } else { held?.writeBuffer(&body) }
        } else {
            if held != nil { send(context, nil) }
            held = body
        }
        if framing == .chunks {
            // Not behind a large piece, which would be copied.
            if body.readableBytes > Self.copied { send(context, nil) }
            hold("\r\n", context)
        }
    }

    private func hold(_ text: String, _ context: ChannelHandlerContext) {
        if held == nil { held = context.channel.allocator.buffer(capacity: 16) }
        held?.writeString(text)
    }

    private func send(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(held ?? ByteBuffer()), promise: promise)
        held = nil
    }
}

extension HTTPRequest {
    /// - Returns: `nil` where nobody can say what is asked: of a method that is no word, at two hosts.
    fileprivate init?(_ head: HTTPRequestHead) {
        guard let method = Method(head.method) else { return nil }
        self.init(method: method, scheme: "http", authority: nil, path: head.method == .CONNECT ? nil : head.uri)
        headerFields.reserveCapacity(head.headers.count + 1)
        for (name, value) in head.headers {
            if name.utf8.count == 4, name.lowercased() == "host" {
                // (RFC 9112, section 3.2)
                guard authority == nil else { return nil }
                authority = value
            } else if let name = HTTPField.Name(name) {
                headerFields.append(HTTPField(name: name, value: value))
            }
        }
        let isOld = head.version != .http1_1
        // The parser stops behind a request for another protocol, which is not spoken here.
        if isOld || !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade") {
            headerFields[.connection] = "close"
        }
        // (RFC 9110, section 10.1.1)
        if isOld { headerFields[.expect] = nil }
    }
}

extension HTTPRequest.Method {
    fileprivate init?(_ method: HTTPMethod) {
        switch method {
        case .GET: self = .get
        case .HEAD: self = .head
        case .POST: self = .post
        case .PUT: self = .put
        case .PATCH: self = .patch
        case .DELETE: self = .delete
        case .OPTIONS: self = .options
        default: self.init(method.rawValue)
        }
    }
}
