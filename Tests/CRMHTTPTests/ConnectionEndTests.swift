import Logging
import TestSupport
import Testing

@testable import CRMHTTP

/// How connections end, and how they wait.
@Suite("Ends of connections")
struct ConnectionEndTests {
    private func get(_ path: String, _ more: String = "") -> String { ServedPaths.get(path, more) }

    @Test func `An answer larger than the socket's buffers comes whole before the connection is closed`() async throws {
        try await ServedPaths.with { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/large", "Connection: close\r\n"))
                return await raw.readToEnd()
            }
            #expect(answer.hasSuffix("0\r\n\r\n") && answer.utf8.count > 200 * 50_000)
        }
    }

    @Test func `A large answer waits for a client that reads slowly, and others do not`() async throws {
        try await ServedPaths.with { server in
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

    @Test func `Nothing is done for a client that has not taken what it asked for before`() async throws {
        let gate = ServedPaths.Gate()
        try await ServedPaths.with(gate: gate) { server in
            try await RawConnection.with(server.port, isDeaf: true) { deaf in
                try await deaf.send(String(repeating: get("/piece"), count: 50))
                try await RawConnection.with(server.port) { raw in
                    for _ in 0..<50 {
                        try await raw.send(get("/name/quick"))
                        _ = await raw.read(through: "quick")
                    }
                }
                // As much as the system keeps for it.
                #expect(gate.count < 40)
                try await deaf.listen()
                for _ in 0..<50 { #expect(await deaf.read(through: "\r\n\r\n").contains("HTTP/1.1 200 OK")) }
                #expect(gate.count == 50)
            }
        }
    }

    @Test func `Who asks for it is closed behind the answer; who has ended is answered first`() async throws {
        try await ServedPaths.with { server in
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
        try await ServedPaths.with { server in
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
        try await ServedPaths.with { server in
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
        let gate = ServedPaths.Gate()
        try await ServedPaths.with(gate: gate) { server in
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
        try await ServedPaths.with(limits: .init(maximumClients: 1)) { server in
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

    @Test func `An answer that breaks off has no end, and the log says why`() async throws {
        let log = CapturedLog()
        try await ServedPaths.with(log: log) { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/broken"))
                return await raw.readToEnd()
            }
            #expect(answer.hasPrefix("HTTP/1.1 200 OK") && answer.contains("part") && !answer.hasSuffix("0\r\n\r\n"))
            let id = try #require(answer.firstMatch(of: /(?i)x-request-id: (\w+)/)).1
            try await eventually { !log.lines("an answer broke off").isEmpty }
            let line = try #require(log.lines("an answer broke off").first)
            #expect(line.level == .error && line.metadata == ["request_id": String(id), "error": "Broken"])
        }
    }

    @Test func `A connection on which nothing comes is closed`() async throws {
        try await ServedPaths.with(limits: .init(maximumClients: 10, idleTimeout: .milliseconds(50))) { server in
            try await RawConnection.with(server.port) { raw in
                #expect(await raw.readToEnd().isEmpty)
            }
        }
    }
}
