import Testing

@testable import CRMHTTP

/// What a connection sees, whatever is asked over it.
@Suite("Serving HTTP")
struct HTTPServiceTests {
    private func get(_ path: String, _ more: String = "") -> String { ServedPaths.get(path, more) }

    @Test func `Requests that are sent at once are answered in their order`() async throws {
        try await ServedPaths.with { server in
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
        let gate = ServedPaths.Gate()
        try await ServedPaths.with(gate: gate) { server in
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
        let gate = ServedPaths.Gate()
        try await ServedPaths.with(gate: gate) { server in
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
        let gate = ServedPaths.Gate()
        try await ServedPaths.with(gate: gate) { server in
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
        try await ServedPaths.with { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(get("/name/x", "Host: b\r\n"))
                return await raw.readToEnd()
            }
            #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains(#""code":"malformed""#), "\(answer)")
        }
    }

    @Test func `A client of HTTP 1.0 gets no chunks, and the end of the connection is that of the answer`() async throws
    {
        try await ServedPaths.with { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send("GET /large HTTP/1.0\r\nHost: a\r\n\r\n")
                return await raw.readToEnd()
            }
            let parts = answer.split(separator: "\r\n\r\n", maxSplits: 1)
            #expect(parts[0].contains("Connection: close") && !parts[0].contains("Transfer-Encoding"), "\(parts[0])")
            #expect(parts[1].utf8.count == 200 * 50_000)
        }
    }

    @Test func `A client of HTTP 1.0 that would stay gets the end of the connection all the same`() async throws {
        try await ServedPaths.with { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send("GET /large HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
                return await raw.readToEnd()
            }
            #expect(answer.utf8.count > 200 * 50_000)
        }
    }

    @Test(arguments: [
        "GET /name/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n",
    ])
    func `Who wants another protocol is answered in this one, and that is all`(_ head: String) async throws {
        try await ServedPaths.with { server in
            let answer = try await RawConnection.with(server.port) { raw in
                try await raw.send(head + "\r\n" + get("/name/unheard"))
                return await raw.readToEnd()
            }
            #expect(answer.hasPrefix("HTTP/1.1 ") && answer.contains("Connection: close"), "\(answer)")
            #expect(!answer.contains("unheard"))
        }
    }

    @Test func `An answer without a body tells no length of one`() async throws {
        try await ServedPaths.with { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send("DELETE /nothing HTTP/1.1\r\nHost: a\r\n\r\n" + get("/name/next"))
                let head = await raw.read(through: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 204") && !head.lowercased().contains("content-length"), "\(head)")
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200 OK"))
                try await raw.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n")
                let long = await raw.read(through: "\r\n\r\n")
                #expect(!long.lowercased().contains("content-length"), "\(long)")
            }
        }
    }

    @Test func `Who asks for the head of a long answer gets the head, and the next answer behind it`() async throws {
        try await ServedPaths.with { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get("/name/next"))
                let head = await raw.read(through: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 200"))
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `A client that waits for leave to send its body gets it from who reads the body`() async throws {
        try await ServedPaths.with { server in
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
        try await ServedPaths.with { server in
            try await RawConnection.with(server.port) { raw in
                for character in "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" {
                    try await raw.send(String(character))
                }
                #expect(await raw.read(through: "5 bytes").hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `A large body arrives whole, in parts`() async throws {
        try await ServedPaths.with { server in
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
        try await ServedPaths.with { server in
            try await RawConnection.with(server.port) { raw in
                try await raw.send(
                    "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/name/next"))
                #expect(await raw.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK"))
                #expect(await raw.read(through: "next").hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `Bodies that come in parts, one behind the other, are each their request's own`() async throws {
        try await ServedPaths.with { server in
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
}
