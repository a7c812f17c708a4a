import Foundation
import JobQueue
import Logging
import Postgres
import ServiceLifecycle
import UnixSignals

/// A worker process for the tests: its jobs leave a row in `public.effect` each and take as long as they are told.
struct Effect: Job {
    static let kind = "test.effect"
    static let maxAttempts = 3

    let milliseconds: Int
}

/// A job with an effect outside the database, whose first run kills the process at a point.
struct External: Job {
    static let kind = "test.external"
    static let maxAttempts = 3

    let crash: String
    let file: String
}

let environment = ProcessInfo.processInfo.environment
func setting(_ name: String, _ standard: Double) -> Double { environment[name].flatMap(Double.init) ?? standard }

guard let url = environment["WORKER_DATABASE_URL"] else { fatalError("WORKER_DATABASE_URL is not set") }
LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
var logger = Logger(label: "queue-test-worker")
logger.logLevel = .error

var connection = Postgres.Configuration(url: url, user: "mehvar_queue", applicationName: "queue-test-worker")
connection.statementMode = environment["WORKER_STATEMENTS"] == "unprepared" ? .unprepared : .prepared
let queue = Pool(connection)
let notifications = environment["WORKER_LISTENS"] == nil ? nil : connection
connection.user = nil
let effects = Pool(connection)

var handlers = HandlerRegistry()
handlers.register(Effect.self) { job, context in
    _ = try await effects.pipeline(
        Statement<Int>(
            "test.effect", "INSERT INTO public.effect (job_id, lease) VALUES (\(context.jobID), \(context.lease))"))
    if job.milliseconds > 0 { try await Task.sleep(for: .milliseconds(job.milliseconds)) }
}

handlers.register(External.self) { job, context in
    // Only the first run makes the mark.
    let isFirst = open(job.file + ".mark", O_WRONLY | O_CREAT | O_EXCL, 0o600) >= 0
    func crash(at point: String) { if isFirst, job.crash == point { kill(getpid(), SIGKILL) } }
    crash(at: "before")
    let file = open(job.file, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    _ = write(file, "done\n", 5)
    close(file)
    crash(at: "between")
    let setTenant = Statement(effect: "test.set_tenant", "SELECT crm.set_tenant(\(context.tenantID))")
    let write = Statement<Int>(
        "test.effect", "INSERT INTO public.effect (job_id, lease) VALUES (\(context.jobID), \(context.lease))")
    try await effects.withTransaction(prelude: [setTenant]) { transaction in
        _ = try await transaction.pipeline(write, context.completeInTransaction())
        crash(at: "after")
    }
    crash(at: "committed")
}

let configuration = WorkerConfiguration(
    name: "test process", concurrency: Int(setting("WORKER_CONCURRENCY", 8)), notifications: notifications,
    pollInterval: .milliseconds(20), heartbeatInterval: .milliseconds(200),
    timeToLive: .milliseconds(Int(setting("WORKER_TTL_MS", 1000))),
    rescueInterval: .milliseconds(100), gracePeriod: .milliseconds(Int(setting("WORKER_GRACE_MS", 5000))),
    retry: RetryPolicy(base: .milliseconds(Int(setting("WORKER_RETRY_MS", 2000)))), maintenanceInterval: nil)
let worker = Worker(pool: queue, handlers: handlers, configuration: configuration, logger: logger)
let group = ServiceGroup(
    services: [queue, effects, worker], gracefulShutdownSignals: [.sigterm], logger: logger)
try await group.run()
