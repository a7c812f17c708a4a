import CRM
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport

@testable import CRMHTTP

/// A server whose paths do what a connection can meet.
enum ServedPaths {
    static func with(
        limits: HTTPService.Limits = .init(maximumClients: 100), gate: Gate = Gate(), log: CapturedLog = CapturedLog(),
        _ body: @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let logger = log.logger(level: .error)
        var routes = RouteTable()
        routes.add(.get, "/name/{name}") { _, context in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: context.parameters.get("name") ?? "")))
        }
        routes.add(.get, "/piece") { _, _ in
            gate.note()
            return Response(
                status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)))
        }
        routes.add(.post, "/count") { request, _ in
            var count = 0
            for try await part in request.body { count += part.readableBytes }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "\(count) bytes")))
        }
        routes.add(.get, "/broken") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    for _ in 0..<2 { try await writer.write(ByteBuffer(string: "part")) }
                    throw Broken()
                })
        }
        routes.add(.delete, "/nothing") { _, _ in Response(status: .noContent) }
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

    struct Broken: Error {}

    /// Keeps those who pass waiting until it is opened, and counts others.
    final class Gate: Sendable {
        private let noted = Atomic(0)
        var count: Int { noted.load(ordering: .relaxed) }

        func note() { noted.add(1, ordering: .relaxed) }

        private let waiting = AsyncStream.makeStream(of: Void.self)
        private let came = AsyncStream.makeStream(of: Void.self)

        func pass() async {
            came.continuation.yield()
            for await _ in waiting.stream { break }
        }

        func open() { waiting.continuation.yield() }

        func somebodyCame() async { for await _ in came.stream { break } }
    }

    static func get(_ path: String, _ more: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(more)\r\n" }
}
