import Foundation
import JobQueue
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import CRM

/// When workers are told of jobs.
@Suite("Telling workers", .enabled(if: !TestServer.isPooled))
struct DatabaseSignalTests {
    private struct Undo: Error {}

    private struct Note: Job {
        static let kind = "test.note"
    }

    /// What came on the workers' channel, in order.
    private final class Heard: Sendable {
        private let state = Mutex<[Listener.Event]>([])
        var isConnected: Bool { state.withLock { $0.first == .connected } }

        var payloads: [String] {
            state.withLock { $0 }.compactMap {
                if case .notification(let notification) = $0 { notification.payload } else { nil }
            }
        }

        func add(_ event: Listener.Event) { state.withLock { $0.append(event) } }
    }

    /// Another one's notification, after which everything has come that was sent before.
    private func mark(_ server: TestDatabase, _ heard: Heard, _ payload: String) async throws {
        _ = try await server.texts("SELECT pg_notify(\(EnqueueSignal.channel), \(payload))::text")
        try await eventually { heard.payloads.contains(payload) }
    }

    @Test func `Workers are told once that jobs were enqueued, after the commit, and of nothing that was rolled back`()
        async throws
    {
        try await withMigratedDatabase { server in
            let context = try await makeTenant(in: server, slug: "shop").context
            let pool = Pool(server.configuration(user: "mehvar_app"))
            defer { pool.close() }
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let database = Database(pool: pool, signal: EnqueueSignal(pool: pool, logger: logger))
            let heard = Heard()
            let listening = Task {
                for try await event in Listener(server.configuration(), channels: [EnqueueSignal.channel]) {
                    heard.add(event)
                }
            }
            defer { listening.cancel() }
            try await eventually { heard.isConnected }

            func enqueue() throws -> Statement<Int> {
                try Enqueue.statement(tenant: context.tenantID.rawValue, jobs: [NewJob(Note())])
            }
            await #expect(throws: Undo.self) {
                try await database.withTenant(context) { transaction in
                    _ = try await transaction.run(enqueue())
                    throw Undo()
                }
            }
            // No job, nothing to tell.
            try await database.withTenant(context) { transaction in
                try await transaction.run(Statement(effect: "test.none", "SELECT 1"))
            }
            try await mark(server, heard, "rolled back")
            #expect(heard.payloads == ["rolled back"])

            try await database.withTenant(context) { transaction in
                _ = try await transaction.run(enqueue())
                _ = try await transaction.pipeline(all: [enqueue(), enqueue()])
                try await mark(server, heard, "not committed")
            }
            try await eventually { heard.payloads.count == 3 }
            _ = try await database.run(context, enqueue())
            try await eventually { heard.payloads.count == 4 }
            try await mark(server, heard, "end")
            #expect(heard.payloads == ["rolled back", "not committed", "", "", "end"])
        }
    }
}
