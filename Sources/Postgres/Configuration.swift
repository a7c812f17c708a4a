public import Logging

/// How to reach a database, how many connections to keep and how long to wait.
public struct Configuration: Sendable {
    /// A libpq connection string or URL, also of several hosts with `target_session_attrs`. What it leaves out comes
    /// from the `PG*` environment, the service file and the password file. TLS is libpq's: `sslmode=verify-full` checks
    /// the server's certificate and name. `application_name`, `client_encoding` and `connect_timeout` have no effect
    /// there.
    public var url: String
    /// The role to connect as; `nil` leaves it to the URL.
    public var user: String?
    /// The server's `application_name`, the metrics' dimension `pool` and the name of spans.
    public var applicationName: String

    /// Connections that a running pool keeps open, even when nobody needs them.
    public var minimumConnections = 0
    /// Most connections that the pool opens.
    public var maximumConnections: Int
    /// Most tasks that wait for a connection, and on each thread look-ups that wait for others; one more fails at once
    /// (``PostgresError/Reason/poolExhausted``).
    public var maximumWaiters: Int
    /// How long a task waits for a connection to come free (``PostgresError/Reason/poolExhausted``). Opening one has
    /// its own limit.
    public var acquireTimeout: Duration
    /// How long each host of the URL may take; then the next one is tried, and after the last one connecting fails
    /// (``PostgresError/Reason/deadline`` where there is but one host).
    public var connectTimeout: Duration
    /// How long a pool that could not connect, and has no other connection, fails at once before it tries again: the
    /// first time about the lower bound, then twice as long each time.
    public var reconnectDelay = Duration.milliseconds(50) ... .seconds(1)
    /// How long one lending of a connection (a pipeline, a transaction with its repetitions) may take altogether, by
    /// the client's clock (``PostgresError/Reason/deadline``). The server's `statement_timeout` stands a second behind
    /// it.
    ///
    /// It is looked at when a statement is sent and while the server is waited for. A closure that waits for something
    /// else is not interrupted, and keeps its connection until its next statement or its end.
    public var transactionTimeout: Duration
    /// How long a statement may wait for a lock (the server's `lock_timeout`); `nil` leaves it to the server.
    public var lockTimeout: Duration?
    /// A connection that idled longer than this is closed; each up to a tenth sooner, so that they do not end together.
    public var idleTimeout: Duration
    /// A connection older than this is not lent again; each up to a tenth sooner.
    public var maximumLifetime: Duration
    /// A connection that idled longer than this is looked at before it is lent: the server may have closed it.
    var checkAfter = Duration.milliseconds(100)
    /// How long the server may take to answer when it was asked to stop or to roll back.
    var grace = Duration.seconds(2)

    public var statementMode = StatementMode.prepared
    /// Most statements that stand prepared on one connection, at least 1; the one that was not used for longest makes
    /// room.
    public var preparedStatementLimit = 256
    /// How often a pool's transaction that met a serialization failure or a deadlock is run once more.
    public var maximumRetries = 3

    /// What goes wrong is logged with statement names and SQLSTATEs, from info upwards never with values or SQL; at
    /// debug the wording of notices is, which may quote values. Silent by default.
    public var logger = Logger(label: "postgres", factory: { _ in SwiftLogNoOpLogHandler() })
    /// A round trip that takes longer is logged as a warning and reported to ``onSlow``; so is a stream, a COPY or a
    /// script for which the server was waited longer altogether.
    public var slowAfter = Duration.seconds(1)
    /// Called with each slow round trip, on the task that waited for it and before it goes on; that is none of the callers'
    /// for look-ups (``Pool/lookUp(prelude:_:)``).
    public var onSlow: (@Sendable (SlowRoundTrip) -> Void)?
    /// Called with the server's notices, which are logged too, on the task that reads them and before it goes on.
    public var onNotice: (@Sendable (ServerReport) -> Void)?

    /// What has no parameter here has a default and can be set afterwards.
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

extension Configuration: CustomStringConvertible, CustomReflectable {
    /// Nothing of the ``url``, which may hold a password.
    public var description: String { "Configuration(\(applicationName))" }

    /// Shows no properties.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A round trip that took longer than ``Configuration/slowAfter``.
public struct SlowRoundTrip: Sendable {
    /// The names of the statements that travelled together, the library's own (`begin`, `commit`) among them.
    public let statements: [String]
    /// From before the first was sent until the last was answered; of a stream, a COPY or a script only the time in which
    /// the server was waited for.
    public let duration: Duration
}
