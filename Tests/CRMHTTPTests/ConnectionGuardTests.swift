import CRM
import Foundation
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import CRMHTTP

@Suite("Connections of clients that keep the server waiting")
struct ConnectionGuardTests {
    @Test func `A body that comes in too slowly is answered 408 and its connection is closed`() throws {
        // The loop's clock and the handler's go on together.
        nonisolated(unsafe) var now = ContinuousClock.now
        let channel = EmbeddedChannel(
            handler: ConnectionGuard(.init(grace: .seconds(20), bytesPerSecond: 1000), now: { now }))
        func advance(_ seconds: Int64) {
            now += .seconds(seconds)
            channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        }
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/customers")
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 20_000)))
        // 20,000 bytes are enough for 40 seconds, the first 20 of which are free.
        advance(20)
        advance(20)
        #expect(channel.isActive)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        advance(20)
        guard case .head(let answer) = try #require(try channel.readOutbound(as: HTTPResponsePart.self)) else {
            Issue.record("no head")
            return
        }
        #expect(answer.status == .requestTimeout)
        #expect(!channel.isActive)
    }

    private static let post = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/customers"))

    private static func connected(_ patience: ConnectionGuard.Patience = .init()) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionGuard(patience))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private static func heads(_ channel: EmbeddedChannel) throws -> [HTTPResponse] {
        var heads: [HTTPResponse] = []
        while let part = try channel.readOutbound(as: HTTPResponsePart.self) {
            if case .head(let head) = part { heads.append(head) }
        }
        return heads
    }

    @Test func `A request that is refused before it has come to its end is the connection's last`() throws {
        let channel = try Self.connected()
        try channel.writeInbound(Self.post)
        let refusal = HTTPResponse(status: .unauthorized, headerFields: [.requestID: "1"])
        try channel.writeOutbound(HTTPResponsePart.head(refusal))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        #expect(channel.isActive)
        // What still comes is read for a moment, so that the answer arrives; there is no second one.
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        let heads = try Self.heads(channel)
        #expect(heads.map(\.status) == [.unauthorized] && heads.first?.headerFields[.connection] == "close")
    }

    @Test func `What is no HTTP gets a problem, too`() throws {
        let channel = try Self.connected()
        let bare = HTTPResponse(status: .badRequest, headerFields: [.connection: "close", .contentLength: "0"])
        try channel.writeOutbound(HTTPResponsePart.head(bare))
        let heads = try Self.heads(channel)
        #expect(heads.count == 1 && heads.first?.headerFields[.contentType] == "application/problem+json")
        #expect(heads.first?.headerFields[.requestID] != nil)
    }

    @Test func `A client that does not read its answers is let go`() throws {
        let channel = try Self.connected()
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.advanceTime(by: .seconds(600))
        #expect(channel.isActive)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(!channel.isActive)
    }

    @Test func `A body that is there is not waited for`() throws {
        let channel = EmbeddedChannel(handler: ConnectionGuard(.init(grace: .seconds(20), bytesPerSecond: 1000)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/customers")
        try channel.writeInbound(HTTPRequestPart.head(head))
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "{}")))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(600))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        #expect(channel.isActive)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
