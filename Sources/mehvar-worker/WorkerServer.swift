import ArgumentParser
import CRM
import CRMHTTP
import CRMJobs
import Foundation
import Hummingbird
import JobQueue
import Logging
import Mail
import Metrics
import Postgres
import ServiceLifecycle
import UnixSignals

/// `mehvar-worker`: does the jobs of all tenants until it is told to stop.
@main
struct WorkerServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mehvar-worker", abstract: "Does the background jobs of all tenants.",
        discussion: "Runs until SIGTERM or SIGINT, and then ends what it does.\n\n\(Settings.help)",
        version: Release.version)

    @Argument(parsing: .allUnrecognized, help: "Settings, as below.")
    var settings: [String] = []

    func run() async {
        do {
            try await Self.run(Settings(flags: settings))
        } catch let error as SettingsError {
            Self.exit(withError: ValidationError(error.description))
        } catch {
            FileHandle.standardError.write(Data("mehvar-worker: \(error)\n".utf8))
            Foundation.exit(1)
        }
    }

    private static func run(_ settings: Settings) async throws {
        ProcessMetrics.begin()
        let (logger, _) = settings.bootstrapLogger("mehvar-worker")
        let metrics = settings.monitoringPort == nil ? nil : MetricsRegistry()
        if let metrics { MetricsSystem.bootstrap(metrics) }
        let queuePool = Pool(
            settings.configuration(as: .queue, application: "mehvar-worker", connections: 8, logger: logger))
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-worker", logger: logger))
        let signal = EnqueueSignal(pool: queuePool, logger: logger)
        let database = Database(pool: pool, signal: signal)
        try await waitForDatabase(database, logger)
        let transport = settings.mailURL.makeTransport()
        let platformPool = Pool(
            settings.configuration(as: .platform, application: "mehvar-worker platform", connections: 2, logger: logger)
        )
        let handlers = JobHandlers(
            database: database, platform: PlatformDatabase(pool: platformPool), transport: transport,
            publicURL: settings.publicURL)
        var configuration = WorkerConfiguration(
            name: "\(ProcessInfo.processInfo.hostName) \(ProcessInfo.processInfo.processIdentifier)",
            queues: settings.worker.queues, concurrency: settings.worker.concurrency,
            slots: JobQueues.slots.merging(settings.worker.slots) { $1 },
            gracePeriod: settings.worker.gracePeriod, daysKept: settings.worker.daysKept)
        // A pooler in transaction mode does not pass notifications on.
        if settings.statementMode == .prepared {
            configuration.notifications = settings.configuration(
                as: .queue, application: "mehvar-worker", connections: 1, logger: logger)
        }
        let worker = Worker(
            pool: queuePool, handlers: handlers.registry(), configuration: configuration, logger: logger)
        // They shut down in the reverse order: first the jobs, then the connections that they used.
        var services: [any Service] = [queuePool, pool, platformPool]
        let readiness = Readiness(database: database, drainTime: .zero)
        if let port = settings.monitoringPort, let metrics {
            let server = MonitoringServer(metrics: metrics, readiness: readiness) {
                try await QueueGauges.text(queuePool)
            }.application(host: settings.monitoringHost, port: port, logger: logger)
            services.append(Listening(server, .monitoring, settings))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services + [worker, readiness], gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        try await group.run()
        await transport.close()
    }

    /// A schema that is behind ends the worker; a database that is away is waited for.
    private static func waitForDatabase(_ database: Database, _ logger: Logger) async throws {
        while true {
            do {
                return try await database.check()
            } catch let error as PostgresError where error.isUnavailable {
                logger.warning("waiting for the database", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}
