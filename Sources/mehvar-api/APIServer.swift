import ArgumentParser
import CRM
import CRMHTTP
import Foundation
import Hummingbird
import JobQueue
import Logging
import Metrics
import NIOCore
import Postgres
import ServiceLifecycle
import UnixSignals

/// `mehvar-api`: serves the API and the respondents' pages until it is told to stop.
@main
struct APIServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mehvar-api", abstract: "Serves the API and the pages of respondents.",
        discussion: "Runs until SIGTERM or SIGINT, and then ends what it does.\n\n\(Settings.help)",
        version: Release.version)

    @Flag(help: "Print the OpenAPI document and end.")
    var openapi = false
    @Argument(parsing: .allUnrecognized, help: "Settings, as below.")
    var settings: [String] = []

    func run() async {
        do {
            if openapi {
                print(try await API.document(), terminator: "")
            } else {
                try await Self.run(Settings(flags: settings))
            }
        } catch let error as SettingsError {
            Self.exit(withError: ValidationError(error.description))
        } catch {
            FileHandle.standardError.write(Data("mehvar-api: \(error)\n".utf8))
            Foundation.exit(1)
        }
    }

    /// How long requests may take to end once no more are taken.
    private static let gracePeriod = Duration.seconds(30)

    private static func run(_ settings: Settings) async throws {
        ProcessMetrics.begin()
        // NIO's own loops serve those who watch the process; requests run on the threads that watch the database's sockets.
        NIOSingletons.groupLoopCountSuggestion = 1
        let (logger, log) = settings.bootstrapLogger("mehvar-api")
        let metrics = settings.monitoringPort == nil ? nil : MetricsRegistry()
        if let metrics { MetricsSystem.bootstrap(metrics) }
        let connections = Connections(settings, logger)
        let database = Database(pool: connections.pool, signal: connections.signal)
        do {
            try await database.check()
        } catch let error as PostgresError where error.isUnavailable {
            // Requests get 503 until it is back.
            logger.warning("the database is away", metadata: ["error": "\(error)"])
        }
        let spool = UploadSpool(directory: settings.spoolDirectory, limit: settings.uploadLimit)
        try spool.removeLeftovers()
        if settings.signingKeys == nil {
            logger.warning(
                "members' access tokens end with this process and hold on no other; MEHVAR_SIGNING_KEYS names a file of keys"
            )
        }
        let access = try await AccessControl(
            database: database, signingKeys: settings.signingKeys, trustedProxies: settings.trustedProxies,
            logger: logger)
        let readiness = Readiness(database: database, drainTime: settings.drainTime)
        let api = API(
            database: database, imports: Database(pool: connections.importing, signal: connections.signal),
            platform: PlatformDatabase(pool: connections.platform), access: access, spool: spool, log: log,
            readiness: readiness, metrics: metrics.map { _ in RequestMetrics() })
        // They shut down in the reverse order: first the requests, then the connections that they used.
        var services: [any Service] = connections.services
        if let port = settings.monitoringPort, let metrics {
            let server = MonitoringServer(metrics: metrics, readiness: readiness)
                .application(host: settings.monitoringHost, port: port, logger: logger)
            services.append(Listening(server, .monitoring, settings))
        }
        // A pooler in transaction mode does not pass notifications on.
        if settings.statementMode == .prepared {
            let listening = settings.configuration(
                as: .app, application: "mehvar-api access", connections: 1, logger: logger)
            services.append(AccessSignal(listening, authenticator: access.authenticator, logger: logger))
        }
        let server = api.service(
            host: settings.host, port: settings.port, maximumClients: settings.maximumClients, logger: logger)
        services.append(Listening(server, .api, settings))
        services.append(readiness)
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = settings.drainTime + gracePeriod
        let group = ServiceGroup(configuration: configuration)
        try await withTaskExecutorPreference(PollingExecutor.shared) { try await group.run() }
    }

    /// What the process does its work over.
    private struct Connections {
        let pool: Pool
        /// Apart, since an import keeps one for long.
        let importing: Pool
        let platform: Pool
        let signalling: Pool
        let signal: EnqueueSignal

        init(_ settings: Settings, _ logger: Logger) {
            func configuration(_ role: DatabaseRole, _ name: String, _ connections: Int?) -> Postgres.Configuration {
                settings.configuration(as: role, application: name, connections: connections, logger: logger)
            }
            pool = Pool(configuration(.app, "mehvar-api", nil))
            var imports = configuration(.app, "mehvar-api import", 2)
            imports.acquireTimeout = .seconds(60)
            importing = Pool(imports)
            platform = Pool(configuration(.platform, "mehvar-api platform", 2))
            signalling = Pool(configuration(.app, "mehvar-api signal", 1))
            signal = EnqueueSignal(pool: signalling, logger: logger)
        }

        var services: [any Service] { [signalling, pool, importing, platform] }
    }
}
