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
                print(try API.document(), terminator: "")
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
        let spool = UploadSpool(directory: settings.spoolDirectory, limit: settings.uploadLimit)
        try spool.removeLeftovers()
        let application = API(
            database: database, imports: Database(pool: importPool, signal: signal), spool: spool, log: log
        )
        .application(host: settings.host, port: settings.port, logger: logger)
        // They shut down in the reverse order: first the requests, then the connections that they used.
        let group = ServiceGroup(
            configuration: .init(
                services: [signalPool, pool, importPool, application],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await withTaskExecutorPreference(PollingExecutor.shared) { try await group.run() }
    }
}
