import Foundation
import TestSupport
import Testing

@testable import Postgres

/// The tests' own proxy.
@Suite struct FaultyProxyTests {
    private static let one = Statement("test.one", "SELECT 1", one: { try $0.next(Int.self) })

    private func configuration(_ proxy: FaultyProxy) -> Postgres.Configuration {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.url = proxy.url(configuration.url)
        configuration.reconnectDelay = .zero ... .zero
        return configuration
    }

    @Test func `what it counts is what was said`() async throws {
        try await withFaultyProxy { proxy in
            try await withPool(configuration(proxy)) { pool in
                _ = try await pool.pipeline(Self.one)
                let before = try #require(proxy.conversations.last)
                _ = try await pool.pipeline(Self.one)
                let after = try #require(proxy.conversations.last)
                #expect(proxy.conversations.count == 1 && after.isOpen)
                #expect(after.turns - before.turns == 1)
                let messages = after.messages.mapValues { $0 }.merging(before.messages) { $0 - $1 }
                // BEGIN, the statement and COMMIT; behind a pooler the time limits too.
                let count = TestServer.isPooled ? 4 : 3
                #expect(messages["S"] == 1 && messages["E"] == count && messages["B"] == count)
                #expect(after.beforeLastTurn == (before.bytesToServer, before.bytesToClient))
            }
            try await eventually { proxy.conversations.last?.isOpen == false }
            #expect(proxy.conversations.last?.messages["X"] == 1)
        }
    }

    /// The server's turn comes once: nothing is said to it before it has answered everything.
    @Test(arguments: [10, 20_000, 60_000]) func `a tenant's pipeline is one round trip on the wire, its first too`(
        length: Int
    ) async throws {
        try await withFaultyProxy { proxy in
            try await withPool(configuration(proxy)) { pool in
                _ = try await pool.pipeline(Self.one)
                for _ in 0..<3 {
                    let before = try #require(proxy.conversations.last)
                    let (number, text) = try await pool.pipeline(
                        prelude: [Statement(effect: "test.set", "SELECT set_config('test.a', \("1"), true)")],
                        Self.one,
                        Statement(
                            "test.length", "SELECT length(\(String(repeating: "x", count: length)))",
                            one: { try $0.next(Int.self) }))
                    #expect(number == 1 && text == length)
                    let after = try #require(proxy.conversations.last)
                    #expect(after.turns - before.turns == 1)
                    #expect((after.messages["S"] ?? 0) - (before.messages["S"] ?? 0) == 1)
                }
            }
        }
    }

    @Test func `a session by TCP is passed on as well`() async throws {
        try await withFaultyProxy(listensOnTCP: true) { proxy in
            var configuration = TestServer.configuration(maximumConnections: 1)
            configuration.url = try #require(proxy.tcpURL(configuration.url))
            let number: Int = try await withPool(configuration) { try await $0.pipeline(Self.one) }
            #expect(number == 1)
            #expect(proxy.conversations.count == 1)
        }
    }

    @Test func `nothing passes while it is frozen, and all of it afterwards`() async throws {
        try await withFaultyProxy { proxy in
            try await withPool(configuration(proxy)) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                for direction in [FaultyProxy.Direction.toServer, .toClient] {
                    proxy.change { $0.frozen = [direction] }
                    let bytes = try #require(proxy.conversations.last)
                    let task = Task { try await pool.pipeline(Queries.backend) }
                    // The question has come to the proxy, or its answer, and does not pass.
                    try await eventually {
                        proxy.change { _ in }
                        return proxy.conversations.last?.heldBack == direction
                    }
                    let now = try #require(proxy.conversations.last)
                    #expect(now.bytesToClient == bytes.bytesToClient)
                    #expect((now.bytesToServer == bytes.bytesToServer) == (direction == .toServer))
                    proxy.change { $0.frozen = [] }
                    #expect(try await task.value == backend)
                }
            }
        }
    }

    @Test func `pieces, holds and cuts are as they were ordered`() async throws {
        try await withFaultyProxy { proxy in
            try await withPool(configuration(proxy)) { pool in
                try await greetWhole(pool)
                proxy.change {
                    $0.largestPiece = 3
                    $0.delay = .microseconds(100)
                }
                #expect(try await pool.pipeline(Self.one) == 1)
                let passed = try #require(proxy.conversations.last).bytesToClient
                proxy.change { $0.cutAfter[.toClient] = passed + 7 }
                _ = try await failure { try await pool.pipeline(Self.one) }
                try await eventually { proxy.conversations.last?.isOpen == false }
                proxy.change { $0.refusesConnections = true }
                let error = try await failure { try await pool.pipeline(Self.one) }
                #expect(error.isUnavailable)
                proxy.change { $0 = .init() }
                #expect(try await pool.pipeline(Self.one) == 1)
                #expect(proxy.conversations.count == 2)
                proxy.cutAll()
                try await eventually { proxy.conversations.allSatisfy { !$0.isOpen } }
            }
        }
    }

    @Test func `it leaves no file and no connection behind`() async throws {
        let proxy = try FaultyProxy()
        let pool = Pool(configuration(proxy))
        let backend = try await pool.pipeline(Queries.backend)
        proxy.stop()
        #expect(!FileManager.default.fileExists(atPath: proxy.host))
        // A pooler keeps the session for others.
        if !TestServer.isPooled { try await eventually { try await !observe(Queries.lives(backend)) } }
        pool.close()
    }
}
