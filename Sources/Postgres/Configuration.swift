/// How to reach a database and how long to wait for it.
public struct Configuration: Sendable {
    /// A libpq connection string or URL. What it leaves out comes from the `PG*` environment and the password file.
    public var url: String
    /// The role to connect as; `nil` leaves it to the URL.
    public var user: String?
    public var applicationName: String
    /// Most connections that the pool opens.
    public var maximumConnections: Int
    /// Most tasks that wait for a connection; one more fails at once.
    public var maximumWaiters: Int
    /// How long a task waits for a connection.
    public var acquireTimeout: Duration
    /// How long opening a connection may take, with all hosts of the URL.
    public var connectTimeout: Duration
    /// How long one lending of a connection (a pipeline, a transaction) may take altogether.
    public var transactionTimeout: Duration
    /// A connection that idled longer than this is closed when it is found.
    public var idleTimeout: Duration
    /// A connection older than this is not lent again.
    public var maximumLifetime: Duration
    /// A connection that idled longer than this is looked at before it is lent: the server may have closed it.
    var checkAfter = Duration.milliseconds(100)
    /// Called with the server's notices.
    public var onNotice: (@Sendable (ServerReport) -> Void)?

    public init(
        url: String, user: String? = nil, applicationName: String = "postgres", maximumConnections: Int = 8,
        maximumWaiters: Int = 1000, acquireTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(5),
        transactionTimeout: Duration = .seconds(60), idleTimeout: Duration = .seconds(300),
        maximumLifetime: Duration = .seconds(3600), onNotice: (@Sendable (ServerReport) -> Void)? = nil
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
        self.onNotice = onNotice
    }
}
