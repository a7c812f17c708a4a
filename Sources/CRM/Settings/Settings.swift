public import Foundation
public import Logging
public import Mail
public import Postgres

/// What a process of the deployment is told: by flags such as `--pool-size`, by its environment, `MEHVAR_POOL_SIZE`, or by the file
/// that `--config` or `MEHVAR_CONFIG` names.
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
    /// Where `/metrics` is served; `nil` for nowhere.
    public let monitoringPort: Int?
    public let monitoringHost: String
    /// For how long a server goes on after it was told to stop.
    public let drainTime: Duration
    /// Most connections of clients.
    public let maximumClients: Int
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
    /// What was told and is heeded by nobody, for a line of the log each.
    public let warnings: [String]

    /// Reads flags, the environment and the file of settings.
    ///
    /// - Throws: ``SettingsError`` with everything that cannot be used.
    public init(
        flags: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let source = SettingsSource(flags: flags, environment: environment, known: Self.all)
        var reader = SettingsReader(source)
        self.init(&reader)
        if !reader.mistakes.isEmpty { throw SettingsError(mistakes: reader.mistakes) }
    }

    /// Every setting, in the order in which people read about them.
    public static let all: [Setting] = {
        var reader = SettingsReader(SettingsSource(flags: [], environment: [:], known: []))
        _ = Settings(&reader)
        return reader.known
    }()

    private init(_ reader: inout SettingsReader) {
        databaseURL = Self.databaseURL(&reader)
        poolSize = reader.number("pool.size", 8, in: 1...1000, "Most connections as mehvar_app.")
        statementMode = reader.choice(
            "statements", "prepared", ["prepared": .prepared, "unprepared": .unprepared], else: .prepared,
            "unprepared behind PgBouncer in transaction mode.", wrong: "is prepared, or unprepared behind PgBouncer")
        host = reader.text("host", "127.0.0.1", "The address that the API listens on.")
        port = reader.number("port", 8080, in: 1...65535, "The port that the API listens on.")
        monitoringHost = reader.text(
            "monitoring.host", "127.0.0.1", "The address at which /metrics, /healthz and /readyz are served.")
        let monitoring = reader.number("monitoring.port", 0, in: 0...65535, "Its port; 0 serves them nowhere.")
        monitoringPort = monitoring == 0 ? nil : monitoring
        drainTime = .seconds(
            reader.number(
                "drain.seconds", 0, in: 0...600,
                "For how long a server that was told to stop goes on, while /readyz says that it is draining."))
        maximumClients = reader.number(
            "maximum.clients", 20_000, in: 1...1_000_000, "Most connections that the API takes at once.")
        publicURL = reader.text(
            "public.url", "http://\(host):\(port)", "Where people reach the API, for links in mails.")
        let home = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        mailURL = Self.mailURL(&reader, home)
        signingKeys = reader.text(
            "signing.keys", usual: "one key that ends with the process",
            "The file of the keys that access tokens are signed with; mehvar signing-keys makes it."
        ).map { URL(filePath: $0) }
        trustedProxies = Self.proxies(&reader)
        spoolDirectory = URL(
            filePath: reader.text("spool.dir", usual: "mehvar-spool in the temporary folder", "Where uploads wait.")
                ?? FileManager.default.temporaryDirectory.appending(path: "mehvar-spool").path,
            directoryHint: .isDirectory)
        uploadLimit = reader.number("upload.limit", 1 << 30, in: 1...(1 << 40), "Most bytes of a CSV upload.")
        worker = WorkerSettings(&reader)
        sqlDirectory = URL(
            filePath: reader.text("sql.dir", "sql", "The folder with the migrations."), directoryHint: .isDirectory)
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        let level = reader.text("log.level", "info", "The least that is logged: \(levels).")
        logLevel = Logger.Level(rawValue: level) ?? .info
        if Logger.Level(rawValue: level) == nil { reader.mistake("log.level", "is one of \(levels)", not: level) }
        logFormat = reader.choice(
            "log.format", "json", ["json": .json, "text": .text], else: .json,
            "A line of JSON an entry, or text for people.", wrong: "is json, or text for people")
        if !publicURL.hasPrefix("http://") && !publicURL.hasPrefix("https://") {
            reader.mistake("public.url", "begins with http:// or https://", not: publicURL)
        }
        warnings = reader.warnings
    }

    private static func databaseURL(_ reader: inout SettingsReader) -> String {
        let text = reader.text(
            "database.url", usual: DatabaseURL.usual,
            "A libpq URL without a user; each program adds the role that it works as.", isSecret: true)
        if let fault = text.flatMap(DatabaseURL.fault) { reader.mistake("database.url", fault) }
        return text ?? DatabaseURL.usual
    }

    private static func mailURL(_ reader: inout SettingsReader, _ home: URL) -> MailURL {
        let outbox = MailURL.maildir(path: home.appending(path: ".mehvar/outbox").path)
        let text = reader.text(
            "mail.url", usual: "maildir:// + .mehvar/outbox of the working folder",
            "maildir:///path, smtp://[user:password@]host[:port] or smtps://….", isSecret: true)
        do {
            return try text.map { try MailURL($0) } ?? outbox
        } catch {
            reader.mistake("mail.url", "cannot be used: \(error)")
            return outbox
        }
    }

    private static func proxies(_ reader: inout SettingsReader) -> [NetworkRange] {
        let texts = reader.text(
            "trusted.proxies", usual: "none",
            "Networks of the proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8."
        )?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let wrong = (texts ?? []).filter { NetworkRange($0) == nil }
        if !wrong.isEmpty {
            reader.mistake(
                "trusted.proxies", "is a list of networks, such as 10.0.0.0/8,127.0.0.1",
                not: wrong.joined(separator: ","))
        }
        return (texts ?? []).compactMap { NetworkRange($0) }
    }

    /// What a server logs with, to standard error, beginning with ``warnings``; called once in a process.
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
        for warning in warnings { logger.warning("\(warning)") }
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

/// What a program was told cannot be used.
public struct SettingsError: Error, CustomStringConvertible {
    public let mistakes: [String]
    public var description: String { "wrong configuration:\n" + mistakes.map { "  \($0)" }.joined(separator: "\n") }
}
