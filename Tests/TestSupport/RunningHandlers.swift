import CRM
import CRMJobs
public import JobQueue
import Logging
public import Mail
import Postgres
import ServiceLifecycle

/// Runs a worker with the product's job handlers while the closure runs, then shuts it down.
///
/// Jobs that fail are tried again at once, so that a test need not wait.
public func withHandlers<Result>(
    on server: TestDatabase, transport: any MailTransport, _ body: (Worker) async throws -> Result
) async throws -> Result {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let queue = Pool(server.configuration(user: "mehvar_queue"))
    let database = Database(pool: Pool(server.configuration(user: "mehvar_app")))
    let handlers = JobHandlers(
        database: database, platform: server.platform, transport: transport, publicURL: Business.publicURL)
    let configuration = WorkerConfiguration(
        name: "test", concurrency: 8, pollInterval: .milliseconds(10), heartbeatInterval: .milliseconds(200),
        timeToLive: .seconds(20), rescueInterval: .milliseconds(50), retry: RetryPolicy(base: .zero),
        maintenanceInterval: nil)
    let worker = Worker(pool: queue, handlers: handlers.registry(), configuration: configuration, logger: logger)
    let group = ServiceGroup(services: [worker], logger: logger)
    let running = Task { try await group.run() }
    let result: Result
    do { result = try await body(worker) } catch {
        running.cancel()
        throw error
    }
    await group.triggerGracefulShutdown()
    try await running.value
    return result
}
