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
        channel.read()
        // 20,000 bytes are enough for 40 seconds, the first 20 of which are free.
        advance(20)
        advance(20)
        #expect(channel.isActive)
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
        advance(20)
        // It is for whoever answers to say so.
        #expect(throws: RequestProblem.self) { try channel.throwIfErrorCaught() }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    private static let post = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/v1/customers"))

    private static func connected(_ patience: ConnectionGuard.Patience = .init()) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionGuard(patience))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test func `What still comes behind the last answer is read for a moment, so that the answer arrives`() throws {
        let channel = try Self.connected()
        try channel.writeInbound(Self.post)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(!channel.isActive)
    }

    @Test func `Who has had the last answer is let go, whatever it asks for behind it`() throws {
        nonisolated(unsafe) var now = ContinuousClock.now
        let channel = EmbeddedChannel(handler: ConnectionGuard(.init(idle: .seconds(60)), now: { now }))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(Self.post)
        let context = try channel.pipeline.syncOperations.context(handlerType: ConnectionGuard.self)
        try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).close(
            context: context, mode: .output, promise: nil)
        for _ in 0..<3 {
            now += .seconds(30)
            channel.embeddedEventLoop.advanceTime(by: .seconds(30))
            if channel.isActive { try channel.writeInbound(Self.post) }
        }
        #expect(!channel.isActive)
    }

    @Test func `A body that the server does not read is not waited for`() throws {
        nonisolated(unsafe) var now = ContinuousClock.now
        let channel = EmbeddedChannel(handler: ConnectionGuard(.init(grace: .seconds(20)), now: { now }))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(Self.post)
        let context = try channel.pipeline.syncOperations.context(handlerType: ConnectionGuard.self)
        let owner = try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self)
        owner.channelRead(context: context, data: NIOAny(HTTPRequestPart.body(ByteBuffer(string: "x"))))
        for _ in 0..<5 {
            now += .seconds(20)
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        }
        try channel.throwIfErrorCaught()
        owner.read(context: context)
        for _ in 0..<2 {
            now += .seconds(20)
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        }
        #expect(throws: RequestProblem.self) { try channel.throwIfErrorCaught() }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test(arguments: [(taken: 1, isLetGo: true), (taken: 6_000, isLetGo: false)])
    func `Who takes a long answer slowly may go on at the rate of bodies, and not below it`(
        taken: Int, isLetGo: Bool
    ) throws {
        let channel = try Self.connected(.init(bytesPerSecond: 100, unread: .seconds(60)))
        let context = try channel.pipeline.syncOperations.context(handlerType: ConnectionGuard.self)
        context.write(NIOAny(ByteBuffer(repeating: 0, count: taken)), promise: nil)
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        context.flush()
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(channel.isActive == !isLetGo)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test func `Not much is read behind the last answer`() throws {
        let channel = try Self.connected(.init(lingeringBytes: 100))
        try channel.writeInbound(Self.post)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.outputClosed)
        for _ in 0..<2 { try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 60))) }
        #expect(channel.isActive)
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 60)))
        #expect(!channel.isActive)
    }

    @Test func `Who asks for nothing is let go, and not who waits for an answer`() throws {
        nonisolated(unsafe) var now = ContinuousClock.now
        let channel = EmbeddedChannel(handler: ConnectionGuard(.init(idle: .seconds(60)), now: { now }))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        func advance(_ seconds: Int64) {
            now += .seconds(seconds)
            channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        }
        advance(50)
        try channel.writeInbound(Self.post)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        advance(100)
        try channel.writeOutbound(HTTPResponsePart.end(nil))
        advance(59)
        #expect(channel.isActive)
        advance(61)
        #expect(!channel.isActive)
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
