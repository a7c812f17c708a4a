public import Configuration
public import Foundation
public import Logging
public import Mail
public import Postgres

/// What a process of the deployment is told by its environment: `MEHVAR_DATABASE_URL` and so on.
public struct Settings: Sendable {
    /// A libpq URL without a user: each process adds the role that it works as.
    public let databaseURL: String
    /// Most connections of one pool.
    public let poolSize: Int
    /// Unprepared behind a pooler in transaction mode.
    public let statementMode: StatementMode
    public let logLevel: Logger.Level
    public let logFormat: LogFormat
    public let host: String
    public let port: Int
    /// Where respondents reach the API, for the links in mails.
    public let publicURL: String
    public let mailURL: MailURL
    /// Where uploads wait.
    public let spoolDirectory: URL
    /// Most bytes of an upload.
    public let uploadLimit: Int
    /// The folder `sql` with the migrations.
    public let sqlDirectory: URL
    /// The file of ``SigningKeys``; `nil` for a key that ends with the process.
    public let signingKeys: URL?
    /// Whose `X-Forwarded-For` is believed.
    public let trustedProxies: [NetworkRange]
    public let worker: WorkerSettings

    /// Reads the settings under `mehvar`.
    ///
    /// - Throws: ``SettingsError`` with every value that cannot be used.
    public init(_ config: ConfigReader) throws {
        let config = config.scoped(to: "mehvar")
        var reader = SettingsReader(config)
        databaseURL = config.string(forKey: "database.url", default: "postgresql:///mehvar")
        poolSize = reader.number("pool.size", "MEHVAR_POOL_SIZE", 8, in: 1...1000)
        let modes: [String: StatementMode] = ["prepared": .prepared, "unprepared": .unprepared]
        let mode = modes[config.string(forKey: "statements", default: "prepared")]
        statementMode = mode ?? .prepared
        if mode == nil { reader.mistakes.append("MEHVAR_STATEMENTS is prepared, or unprepared behind PgBouncer") }
        host = config.string(forKey: "host", default: "127.0.0.1")
        port = reader.number("port", "MEHVAR_PORT", 8080, in: 1...65535)
        uploadLimit = reader.number("upload.limit", "MEHVAR_UPLOAD_LIMIT", 1 << 30, in: 1...(1 << 40))
        let level = config.string(forKey: "log.level", default: "info")
        logLevel = Logger.Level(rawValue: level) ?? .info
        if Logger.Level(rawValue: level) == nil {
            reader.mistakes.append(
                "MEHVAR_LOG_LEVEL is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let format = config.string(forKey: "log.format", default: "json")
        logFormat = LogFormat(rawValue: format) ?? .json
        if LogFormat(rawValue: format) == nil {
            reader.mistakes.append("MEHVAR_LOG_FORMAT is json, or text for people")
        }
        publicURL = config.string(forKey: "public.url", default: "http://\(host):\(port)")
        if !publicURL.hasPrefix("http://") && !publicURL.hasPrefix("https://") {
            reader.mistakes.append("MEHVAR_PUBLIC_URL begins with http:// or https://")
        }
        let home = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        let outbox = MailURL.maildir(path: home.appending(path: ".mehvar/outbox").path)
        do {
            mailURL = try config.string(forKey: "mail.url").map { try MailURL($0) } ?? outbox
        } catch {
            mailURL = outbox
            reader.mistakes.append("MEHVAR_MAIL_URL: \(error)")
        }
        spoolDirectory = URL(
            filePath: config.string(
                forKey: "spool.dir",
                default: FileManager.default.temporaryDirectory.appending(path: "mehvar-spool").path),
            directoryHint: .isDirectory)
        sqlDirectory = URL(filePath: config.string(forKey: "sql.dir", default: "sql"), directoryHint: .isDirectory)
        signingKeys = config.string(forKey: "signing.keys").map { URL(filePath: $0) }
        let proxies = config.string(forKey: "trusted.proxies")?.split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        trustedProxies = (proxies ?? []).compactMap { NetworkRange($0) }
        if trustedProxies.count < proxies?.count ?? 0 {
            reader.mistakes.append("MEHVAR_TRUSTED_PROXIES is a list of networks, such as 10.0.0.0/8,127.0.0.1")
        }
        worker = WorkerSettings(&reader)
        if !reader.mistakes.isEmpty { throw SettingsError(mistakes: reader.mistakes) }
    }

    /// Reads the environment of this process.
    ///
    /// - Throws: ``SettingsError`` with every value that cannot be used.
    public init() throws { try self.init(ConfigReader(provider: EnvironmentVariablesProvider())) }

    /// What a server logs with, to standard error; called once in a process.
    ///
    /// - Returns: the sink too, where lines are JSON.
    public func bootstrapLogger(_ label: String) -> (logger: Logger, sink: LogSink?) {
        var sink: LogSink?
        switch logFormat {
        case .text: LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        case .json:
            let lines = LogSink()
            sink = lines
            LoggingSystem.bootstrap { JSONLogHandler(label: $0, sink: lines) }
        }
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        return (logger, sink)
    }

    /// How to connect as a role of the deployment.
    public func configuration(
        as role: DatabaseRole, application: String, connections: Int? = nil, logger: Logger? = nil
    ) -> Postgres.Configuration {
        var configuration = Postgres.Configuration(
            url: databaseURL, user: role.rawValue, applicationName: application,
            maximumConnections: connections ?? poolSize)
        configuration.statementMode = statementMode
        if let logger { configuration.logger = logger }
        return configuration
    }
}

/// How servers write their log.
public enum LogFormat: String, Sendable { case json, text }

/// The roles of `sql/roles.sql`.
public enum DatabaseRole: String, Sendable {
    case owner = "mehvar_owner"
    case app = "mehvar_app"
    case queue = "mehvar_queue"
    case platform = "mehvar_platform"
}

/// The environment holds values that cannot be used.
public struct SettingsError: Error, CustomStringConvertible {
    public let mistakes: [String]
    public var description: String { "wrong configuration:\n" + mistakes.map { "  \($0)" }.joined(separator: "\n") }
}
