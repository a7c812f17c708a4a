import CRM
import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Postgres
import ServiceLifecycle
import TestSupport
import Testing

@testable import CRMHTTP

@Suite("Monitoring")
struct MonitoringTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func get(_ server: MonitoringServer, _ path: String) async throws -> (status: Int, body: String) {
        try await server.application(host: "127.0.0.1", port: 0, logger: logger).test(.router) { client in
            let response = try await client.execute(uri: path, method: .get)
            return (response.status.code, String(buffer: response.body))
        }
    }

    @Test func `What is measured is shown in Prometheus' form`() async throws {
        try await withMigratedDatabase { server in
            let registry = MetricsRegistry()
            let counter = registry.makeCounter(label: "things.total", dimensions: [("kind", "a \"b\"\n")])
            counter.increment(by: 3)
            registry.makeRecorder(label: "depth", dimensions: [], aggregate: false).record(2.5)
            let timer = registry.makeTimer(label: "work", dimensions: [])
            for milliseconds in [1, 2, 400] { timer.recordNanoseconds(Int64(milliseconds) * 1_000_000) }
            let database = Database(pool: Pool(server.configuration(user: "mehvar_app")))
            let queue = Pool(server.configuration(user: "mehvar_queue"))
            try await server.run(
                """
                INSERT INTO job.job (tenant_id, id, queue, kind, state)
                VALUES (gen_random_uuid(), gen_random_uuid(), 'mail', 'k', 'ready')
                """)
            let monitoring = MonitoringServer(
                metrics: registry, readiness: Readiness(database: database, drainTime: .zero)
            ) { try await QueueGauges.text(queue) }
            let (status, text) = try await Self.get(monitoring, "/metrics")
            #expect(status == 200)
            let lines = Set(text.split(separator: "\n").map(String.init))
            let expected = [
                "# TYPE things_total counter", #"things_total{kind="a \"b\"\n"} 3"#, "depth 2.5",
                "# TYPE work_seconds histogram", "work_seconds_count 3", #"work_seconds_bucket{le="+Inf"} 3"#,
                "work_seconds_sum 0.403", #"job_jobs{queue="mail",state="ready"} 1"#,
            ]
            for line in expected { #expect(lines.contains(line), "\(line)") }
            // What the product measures is explained, right before it is shown.
            let all = text.split(separator: "\n")
            let own = ["things_total", "depth", "work_seconds"]
            for (index, line) in all.enumerated() where line.hasPrefix("# TYPE ") {
                let name = line.split(separator: " ")[2]
                let isExplained = index > 0 && all[index - 1].hasPrefix("# HELP \(name) ")
                #expect(isExplained == !own.contains(String(name)), "\(line)")
            }
            // Each bucket holds those before it.
            let buckets = text.split(separator: "\n").filter { $0.hasPrefix("work_seconds_bucket") }
                .compactMap { Int($0.split(separator: " ").last ?? "") }
            #expect(buckets == buckets.sorted() && buckets.contains(2))
            #expect(text.contains("process_resident_memory_bytes "))
            // Without the queue's database the rest is shown all the same.
            let halted = MonitoringServer(
                metrics: registry, readiness: Readiness(database: database, drainTime: .zero)
            ) { throw CancellationError() }
            #expect(try await Self.get(halted, "/metrics").body.contains("things_total"))
            #expect(try await Self.get(halted, "/healthz").status == 200)
            #expect(try await Self.get(halted, "/readyz").status == 200)
        }
    }

    @Test func `A server that is told to stop says so while it goes on`() async throws {
        try await withMigratedDatabase { server in
            let database = Database(pool: Pool(server.configuration(user: "mehvar_app")))
            let readiness = Readiness(database: database, drainTime: .seconds(600))
            let monitoring = MonitoringServer(metrics: MetricsRegistry(), readiness: readiness)
            let group = ServiceGroup(services: [readiness], logger: Self.logger)
            let running = Task { try await group.run() }
            try await eventually { try await Self.get(monitoring, "/readyz").status == 200 }
            await group.triggerGracefulShutdown()
            try await eventually {
                let (status, body) = try await Self.get(monitoring, "/readyz")
                return status == 503 && body.contains("draining")
            }
            #expect(try await Self.get(monitoring, "/healthz").status == 200)
            running.cancel()
            _ = await running.result
        }
    }
}
