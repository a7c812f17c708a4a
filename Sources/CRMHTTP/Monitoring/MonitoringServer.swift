public import CRM
import HTTPTypes
public import Hummingbird
public import Logging
import NIOCore

/// What whoever watches a server asks it, on an address of its own: `/metrics`, `/healthz`, `/readyz`.
public struct MonitoringServer: Sendable {
    private let metrics: MetricsRegistry
    private let readiness: Readiness
    private let more: @Sendable () async throws -> String

    /// - Parameter more: further metrics, looked up when they are asked for; while they cannot be had the others are shown.
    public init(
        metrics: MetricsRegistry, readiness: Readiness, more: @escaping @Sendable () async throws -> String = { "" }
    ) {
        self.metrics = metrics
        self.readiness = readiness
        self.more = more
    }

    /// A server at the address, as a service.
    public func application(host: String, port: Int, logger: Logger) -> some ApplicationProtocol {
        Application(
            router: router(), configuration: .init(address: .hostname(host, port: port), serverName: "mehvar"),
            logger: logger)
    }

    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.get("/metrics") { _, _ in
            var text = metrics.text() + ProcessMetrics.text()
            do { text += try await more() } catch {}
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        router.get("/healthz") { _, _ in Reply.value(["status": "ok"]) }
        router.get("/readyz") { _, _ in await readiness.reply() }
        return router
    }
}
