public import Logging

/// How to reach a database, how many connections to keep and how long to wait.
public struct Configuration: Sendable {
    /// A libpq connection string or URL, also of several hosts with `target_session_attrs`. What it leaves out comes from
    /// the `PG*` environment, the service file and the password file. TLS is libpq's: `sslmode=verify-full` checks the
    /// server's certificate and name.
    public var url: String
    /// The role to connect as; `nil` leaves it to the URL.
    public var user: String?
    public var applicationName: String

    /// Connections that a running pool keeps open, even when nobody needs them.
    public var minimumConnections = 0
    /// Most connections that the pool opens.
    public var maximumConnections: Int
    /// Most tasks that wait for a connection; one more fails at once.
    public var maximumWaiters: Int
    /// How long a task waits for a connection.
    public var acquireTimeout: Duration
    /// How long each host of the URL may take; then the next one is tried.
    public var connectTimeout: Duration
    /// How long a pool that could not connect, and has no other connection, fails at once before it tries again: the first
    /// time about the lower bound, then twice as long each time.
    public var reconnectDelay = Duration.milliseconds(50) ... .seconds(1)
    /// How long one lending of a connection (a pipeline, a transaction with its repetitions) may take altogether, by the
    /// client's clock. The server's `statement_timeout` stands a second behind it.
    public var transactionTimeout: Duration
    /// How long a statement may wait for a lock (the server's `lock_timeout`); `nil` leaves it to the server.
    public var lockTimeout: Duration?
    /// A connection that idled longer than this is closed.
    public var idleTimeout: Duration
    /// A connection older than this is not lent again. Each lives up to a tenth shorter, so that they do not end together.
    public var maximumLifetime: Duration
    /// A connection that idled longer than this is looked at before it is lent: the server may have closed it.
    var checkAfter = Duration.milliseconds(100)

    public var statementMode = StatementMode.prepared
    /// Most statements that stand prepared on one connection; the one that was not used for longest makes room.
    public var preparedStatementLimit = 256
    /// How often a transaction that met a serialization failure or a deadlock is run once more.
    public var maximumRetries = 3

    /// What goes wrong is logged with statement names and SQLSTATEs, never with values or SQL. Silent by default.
    public var logger = Logger(label: "postgres", factory: { _ in SwiftLogNoOpLogHandler() })
    /// A round trip that takes longer is logged as a warning and reported to ``onSlow``.
    public var slowAfter = Duration.seconds(1)
    /// Called with each slow round trip.
    public var onSlow: (@Sendable (SlowRoundTrip) -> Void)?
    /// Called with the server's notices, which are logged too.
    public var onNotice: (@Sendable (ServerReport) -> Void)?

    public init(
        url: String, user: String? = nil, applicationName: String = "postgres", maximumConnections: Int = 8,
        maximumWaiters: Int = 1000, acquireTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(5),
        transactionTimeout: Duration = .seconds(60), idleTimeout: Duration = .seconds(300),
        maximumLifetime: Duration = .seconds(3600)
    ) {
        self.url = url
        self.user = user
        self.applicationName = applicationName
        self.maximumConnections = maximumConnections
        self.maximumWaiters = maximumWaiters
        self.acquireTimeout = acquireTimeout
        self.connectTimeout = connectTimeout
        self.transactionTimeout = transactionTimeout
        self.idleTimeout = idleTimeout
        self.maximumLifetime = maximumLifetime
    }
}

/// How statements reach the server.
public enum StatementMode: Sendable {
    /// Prepared once on each connection and executed by name.
    case prepared
    /// Sent whole each time, and nothing is left on the connection: for PgBouncer in transaction mode.
    case unprepared
}

/// A round trip that took longer than ``Configuration/slowAfter``.
public struct SlowRoundTrip: Sendable {
    /// The names of the statements that travelled together.
    public let statements: [String]
    public let duration: Duration
}
