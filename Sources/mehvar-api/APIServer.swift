import ArgumentParser
import CRM
import CRMHTTP
import Foundation
import Hummingbird
import JobQueue
import Logging
import NIOCore
import Postgres
import ServiceLifecycle
import UnixSignals

/// `mehvar-api`: serves the API and the respondents' pages until it is told to stop.
@main
struct APIServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mehvar-api", abstract: "Serves the API and the pages of respondents.",
        discussion: """
            Runs until SIGTERM or SIGINT. Everything is set by MEHVAR_… in the environment, which README lists under \
            “Configuration”; MEHVAR_DATABASE_URL names the database.
            """)

    @Flag(help: "Print the OpenAPI document and end.")
    var openapi = false

    func run() async {
        do {
            if openapi {
                print(try await API.document(), terminator: "")
            } else {
                try await Self.run(Settings())
            }
        } catch {
            FileHandle.standardError.write(Data("mehvar-api: \(error)\n".utf8))
            Foundation.exit(1)
        }
    }

    private static func run(_ settings: Settings) async throws {
        // They read and write; requests run on the threads that watch the database's sockets.
        NIOSingletons.groupLoopCountSuggestion = max(1, System.coreCount / 2)
        let (logger, log) = settings.bootstrapLogger("mehvar-api")
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-api", logger: logger))
        var importing = settings.configuration(
            as: .app, application: "mehvar-api import", connections: 2, logger: logger)
        importing.acquireTimeout = .seconds(60)
        let importPool = Pool(importing)
        let signalPool = Pool(
            settings.configuration(as: .app, application: "mehvar-api signal", connections: 1, logger: logger))
        let signal = EnqueueSignal(pool: signalPool, logger: logger)
        let database = Database(pool: pool, signal: signal)
        do {
            try await database.check()
        } catch let error as PostgresError where error.isUnavailable {
            // Requests get 503 until it is back.
            logger.warning("the database is away", metadata: ["error": "\(error)"])
        }
        let platformPool = Pool(
            settings.configuration(as: .platform, application: "mehvar-api platform", connections: 2, logger: logger))
        let spool = UploadSpool(directory: settings.spoolDirectory, limit: settings.uploadLimit)
        try spool.removeLeftovers()
        if settings.signingKeys == nil {
            logger.warning(
                "members' access tokens end with this process and hold on no other; MEHVAR_SIGNING_KEYS names a file of keys"
            )
        }
        let access = try await AccessControl(
            database: database, signingKeys: settings.signingKeys, trustedProxies: settings.trustedProxies)
        let application = API(
            database: database, imports: Database(pool: importPool, signal: signal),
            platform: PlatformDatabase(pool: platformPool), access: access, spool: spool, log: log
        )
        .application(host: settings.host, port: settings.port, logger: logger)
        // They shut down in the reverse order: first the requests, then the connections that they used.
        var services: [any Service] = [signalPool, pool, importPool, platformPool]
        // A pooler in transaction mode does not pass notifications on.
        if settings.statementMode == .prepared {
            let listening = settings.configuration(
                as: .app, application: "mehvar-api access", connections: 1, logger: logger)
            services.append(AccessSignal(listening, authenticator: access.authenticator, logger: logger))
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services + [application],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await withTaskExecutorPreference(PollingExecutor.shared) { try await group.run() }
    }
}
