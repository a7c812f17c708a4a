import CRM
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import CRMHTTP

/// What a connection sees, whatever is asked over it.
@Suite("Serving HTTP")
struct HTTPServiceTests {
    /// A server whose paths do what a connection can meet.
    private func withServer(
        limits: HTTPService.Limits = .init(maximumClients: 100), gate: Gate = Gate(),
        _ body: @Sendable (LiveServer) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var routes = RouteTable()
        routes.add(.get, "/name/{name}") { _, context in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: context.parameters.get("name") ?? "")))
        }
        routes.add(.post, "/count") { request, _ in
            var count = 0
            for try await part in request.body { count += part.readableBytes }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "\(count) bytes")))
        }
        routes.add(.post, "/ignore") { _, _ in Response(status: .ok) }
        routes.add(.get, "/slow") { _, _ in
            await gate.pass()
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "late")))
        }
        routes.add(.get, "/large") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    for _ in 0..<200 { try await writer.write(ByteBuffer(repeating: UInt8(ascii: "x"), count: 50_000)) }
                    try await writer.finish(nil)
                })
        }
        try await withMigratedDatabase { server in
            let business = try await Business(in: server)
            let responder = APIResponder(
                routes: routes, crossOrigin: CrossOrigin(origins: .init(database: business.database)),
                log: RequestLog(sink: nil), metrics: nil)
            try await LiveServer.with(responder, limits: limits, logger: logger, body)
        }
    }

    /// Keeps those who pass waiting until it is opened.
    final class Gate: Sendable {
        private let waiting = AsyncStream.makeStream(of: Void.self)
        private let came = AsyncStream.makeStream(of: Void.self)

        func pass() async {
            came.continuation.yield()
            for await _ in waiting.stream { break }
        }

        func open() { waiting.continuation.yield() }

        func somebodyCame() async { for await _ in came.stream { break } }
    }

    private func get(_ path: String, _ more: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(more)\r\n" }

    @Test func `Requests that are sent at once are answered in their order`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send((1...50).map { get("/name/\($0)") }.joined())
                for number in 1...50 {
                    let answer = await raw.read(through: "\r\n\r\n\(number)")
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK"), "\(answer)")
                }
            }
        }
    }

    @Test func `Thousands of requests that wait for one and are then answered at once need no deep calls`() async throws
    {
        let gate = Gate()
        try await withServer(gate: gate) { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send(
                    get("/slow") + String(repeating: get("/n"), count: 3000)
                        + get("/name/last", "Connection: close\r\n"))
                await gate.somebodyCame()
                gate.open()
                let answers = await raw.readToEnd()
                #expect(answers.hasPrefix("HTTP/1.1 200 OK") && answers.hasSuffix("last"))
                #expect(answers.ranges(of: "HTTP/1.1 404 Not Found").count == 3000)
            }
        }
    }

    @Test func `Of requests that are sent at once the one that asks to be the last is`() async throws {
        let gate = Gate()
        try await withServer(gate: gate) { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send(
                    get("/slow") + get("/name/second", "Connection: close\r\n") + get("/name/third"))
                await gate.somebodyCame()
                gate.open()
                let answers = await raw.readToEnd()
                #expect(answers.contains("late") && answers.hasSuffix("second"), "\(answers)")
            }
        }
    }

    @Test func `What is no HTTP behind other requests is refused when those have been answered`() async throws {
        let gate = Gate()
        try await withServer(gate: gate) { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/slow") + get("/name/second") + "no HTTP\r\n\r\n")
                await gate.somebodyCame()
                gate.open()
                let answers = await raw.readToEnd()
                #expect(answers.ranges(of: "HTTP/1.1 ").count == 3, "\(answers)")
                #expect(answers.contains("late") && answers.contains("second") && answers.contains("HTTP/1.1 400"))
            }
        }
    }

    @Test func `A request at two hosts is at none`() async throws {
        try await withServer { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/name/x", "Host: b\r\n"))
                return await raw.readToEnd()
            }
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains(#""code":"malformed""#), "\(answer)")
        }
    }

    @Test func `A client of HTTP 1.0 gets no chunks, and the end of the connection is that of the answer`() async throws
    {
        try await withServer { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send("GET /large HTTP/1.0\r\nHost: a\r\n\r\n")
                return await raw.readToEnd()
            }
            let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
            #expect(parts[0].contains("Connection: close") && !parts[0].contains("Transfer-Encoding"), "\(parts[0])")
            #expect(parts[1].utf8.count == 200 * 50_000)
        }
    }

    @Test func `Who asks for the head of a long answer gets the head, and the next answer behind it`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/name/next"))
                let head = await raw.read(through: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 200"))
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `A client that waits for leave to send its body gets it from who reads the body`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                let fields = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
                try await raw.send("POST /count \(fields)")
                #expect(await raw.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await raw.send("hello")
                #expect(await raw.read(through: "5 bytes").hasPrefix("HTTP/1.1 200 OK"))
                // Who does not read it, does not ask for it either.
                try await raw.send("POST /ignore \(fields)")
                let answer = await raw.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("Connection: close"), "\(answer)")
            }
        }
    }

    @Test func `A request that comes byte by byte is one request`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                for character in "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" {
                    try await raw.send(String(character))
                }
                #expect(await raw.read(through: "5 bytes").hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `A large body arrives whole, in parts`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                let part = String(repeating: "y", count: 100_000)
                try await raw.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n")
                for _ in 0..<200 { try await raw.send(part) }
                #expect(await raw.read(through: "20000000 bytes").hasPrefix("HTTP/1.1 200 OK"))
                try await raw.send(
                    "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n")
                try await raw.send("0\r\n\r\n" + get("/name/next"))
                #expect(await raw.read(through: "5 bytes").hasPrefix("HTTP/1.1 200 OK"))
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `A body that nobody reads does not stand in the way of the next request`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send(
                    "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/name/next"))
                #expect(await raw.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK"))
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `Bodies that come in parts, one behind the other, are each their request's own`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { raw in
                let body = String(repeating: "z", count: 100_000)
                for _ in 0..<4 {
                    let head = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 100002\r\n\r\n"
                    try await raw.send(head + body)
                    try await raw.send("zz")
                }
                for _ in 0..<4 {
                    #expect(await raw.read(through: "100002 bytes").hasPrefix("HTTP/1.1 200"))
                }
                // One that is answered before it has come whole is the last.
                try await raw.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nzz")
                #expect(await raw.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200"))
                try await raw.send("zzzzzzzz" + get("/name/unheard"))
                #expect(await raw.readToEnd().isEmpty)
            }
        }
    }

    @Test func `An answer larger than the socket's buffers comes whole before the connection is closed`() async throws {
        try await withServer { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/large", "Connection: close\r\n"))
                return await raw.readToEnd()
            }
            #expect(answer.hasSuffix("0\r\n\r\n") && answer.utf8.count > 200 * 50_000)
        }
    }

    @Test func `A large answer waits for a client that reads slowly, and others do not`() async throws {
        try await withServer { server in
            try await RawConnection.with(server.port) { slow in
                try await slow.send(get("/large"))
                _ = await slow.read(through: "\r\n\r\n")
                try await RawConnection.with(server.port) { raw in
                    try await raw.send(get("/name/quick"))
                    #expect(await raw.read(through: "quick").hasPrefix("HTTP/1.1 200 OK"))
                }
                let rest = await slow.read(through: "0\r\n\r\n")
                #expect(rest.count { $0 == "x" } == 200 * 50_000)
            }
        }
    }

    @Test func `Who asks for it is closed behind the answer; who has ended is answered first`() async throws {
        try await withServer { server in
            let closed = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/name/last", "Connection: close\r\n"))
                return await raw.readToEnd()
            }
            #expect(closed.hasSuffix("last"))
            let ended = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/name/half"))
                try await raw.end()
                return await raw.readToEnd()
            }
            #expect(ended.hasSuffix("half"))
        }
    }

    @Test func `What is no HTTP is refused in the form of all problems, and the connection closed`() async throws {
        try await withServer { server in
            for bytes in [
                "\u{16}\u{3}\u{1}\r\n\r\n", "GET / HTTP/1.1\r\nHost a\r\n\r\n", "GET /\u{1} HTTP/1.1\r\n\r\n",
            ] {
                let answer = try await RawConnection.with(server.port) { raw in
                    try await raw.send(bytes)
                    return await raw.readToEnd()
                }
                #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains(#""code":"malformed""#), "\(answer)")
            }
        }
    }

    @Test func `What spoils the rest of a request that was answered gets no second answer`() async throws {
        try await withServer { server in
            let head = "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let answered = try await RawConnection.with(server.port) { raw in
                try await raw.send(head + "3\r\nabc\r\n")
                let first = await raw.read(through: "\r\n\r\n")
                try await raw.send("no length\r\n")
                return first + (await raw.readToEnd())
            }
            #expect(answered.ranges(of: "HTTP/1.1").count == 1 && answered.hasPrefix("HTTP/1.1 200"), "\(answered)")
            let spoilt = try await RawConnection.with(server.port) { raw in
                try await raw.send(head + "no length\r\n")
                return await raw.readToEnd()
            }
            #expect(spoilt.hasPrefix("HTTP/1.1 400"), "\(spoilt)")
        }
    }

    @Test func `A server that stops finishes what runs, closes what is idle and takes nothing more`() async throws {
        let gate = Gate()
        try await withServer(gate: gate) { server in
            try await RawConnection.with(server.port) { idle in
                try await idle.send(get("/name/idle"))
                _ = await idle.read(through: "idle")
                try await RawConnection.with(server.port) { busy in
                    try await busy.send(get("/slow"))
                    await gate.somebodyCame()
                    await server.shutDown()
                    #expect(await idle.readToEnd().isEmpty)
                    gate.open()
                    #expect(await busy.readToEnd().hasSuffix("late"))
                }
            }
            await #expect(throws: (any Error).self) { try await RawConnection.with(server.port) { _ in } }
        }
    }

    @Test func `Connections beyond the most that may be open wait for one to end`() async throws {
        try await withServer(limits: .init(maximumClients: 1)) { server in
            try await RawConnection.with(server.port) { holder in
                try await RawConnection.with(server.port) { waiting in
                    try await waiting.send(get("/name/one"))
                    try await holder.send(get("/name/two"))
                    #expect(await holder.read(through: "two").hasSuffix("two"))
                    try await holder.end()
                    #expect(await holder.readToEnd().isEmpty)
                    #expect(await waiting.read(through: "one").hasSuffix("one"))
                }
            }
        }
    }

    @Test func `A connection on which nothing comes is closed`() async throws {
        try await withServer(limits: .init(maximumClients: 10, idleTimeout: .milliseconds(50))) { server in
            try await RawConnection.with(server.port) { raw in
                #expect(await raw.readToEnd().isEmpty)
            }
        }
    }
}
