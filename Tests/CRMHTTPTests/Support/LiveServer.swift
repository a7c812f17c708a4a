import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import PollingTransport
import ServiceLifecycle
import TestSupport

@testable import CRMHTTP

/// The interface as it is served: at a port, over real connections.
struct LiveServer: Sendable {
    let port: Int
    let shutDown: @Sendable () async -> Void

    static func with(
        _ responder: APIResponder, limits: HTTPService.Limits = .init(maximumClients: 100), logger: Logger,
        _ body: @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let service = HTTPService(
            host: "127.0.0.1", port: 0, limits: limits, logger: logger, whenListening: { listening.yield($0) },
            responder: responder)
        let group = ServiceGroup(configuration: .init(services: [service], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await group.run()
            }
            for await port in ports {
                try await body(LiveServer(port: port) { await group.triggerGracefulShutdown() })
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

/// How requests reach the interface.
enum TestWire: Sendable {
    /// Straight to what answers them.
    case direct(any TestClientProtocol)
    /// Over one connection.
    case connection(TestClient)

    static func to(_ server: LiveServer, _ body: @Sendable (TestWire) async throws -> Void) async throws {
        let client = TestClient(host: "127.0.0.1", port: server.port, configuration: .init(timeout: .seconds(20)))
        client.connect()
        do { try await body(.connection(client)) } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    func execute(
        _ path: String, _ method: HTTPRequest.Method, headers: HTTPFields, body: ByteBuffer? = nil
    ) async throws -> TestClient.Response {
        switch self {
        case .direct(let client):
            let answer = try await client.execute(uri: path, method: method, headers: headers, body: body)
            return TestClient.Response(head: answer.head, body: answer.body)
        case .connection(let client):
            var headers = headers
            headers[.connection] = "keep-alive"
            return try await client.execute(
                TestClient.Request(path, method: method, authority: "localhost", headers: headers, body: body))
        }
    }
}
