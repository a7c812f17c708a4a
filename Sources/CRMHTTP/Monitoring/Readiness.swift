public import CRM
import HTTPTypes
import Hummingbird
public import ServiceLifecycle
import Synchronization

/// Whether a server should be sent work: its database answers with a schema that fits, and it is not shutting down.
public final class Readiness: Service, Sendable {
    private let database: Database
    private let drainTime: Duration
    private let draining = Atomic(false)

    /// - Parameter drainTime: for how long the server goes on working after it was told to stop, so that whoever sends it work
    ///   notices first.
    public init(database: Database, drainTime: Duration) {
        self.database = database
        self.drainTime = drainTime
    }

    /// The first service to shut down: the others follow when it has ended.
    public func run() async throws {
        do { try await gracefulShutdown() } catch is CancellationError { return }
        draining.store(true, ordering: .relaxed)
        do { try await Task.sleep(for: drainTime) } catch is CancellationError {}
    }

    /// - Throws: ``Draining``, and what the database throws.
    func check() async throws {
        if draining.load(ordering: .relaxed) { throw Draining() }
        try await database.check()
    }

    /// The server was told to stop.
    struct Draining: Error {}

    func reply() async -> Response {
        func unready(_ reason: String) -> Response {
            var response = Reply.value(["status": reason])
            response.status = .serviceUnavailable
            response.headers[.retryAfter] = "2"
            return response
        }
        do {
            try await check()
            return Reply.value(["status": "ready"])
        } catch is Draining {
            return unready("draining")
        } catch is StaleSchemaError {
            return unready("stale_schema")
        } catch {
            return unready("database_unavailable")
        }
    }
}
