public import Metrics
public import Postgres

/// How a worker works. The defaults suit a server process.
public struct WorkerConfiguration: Sendable {
    /// A name for people, such as host and process; stands in `job.worker`.
    public var name: String
    /// Queues that this worker serves; `nil` for those of the registered kinds.
    public var queues: [String]?
    /// Most jobs that run at once. One tenant may have three quarters of them.
    public var concurrency: Int
    /// How many of them each queue may use, and which it has for itself; without an entry a queue shares all.
    public var slots: [String: QueueSlots]
    /// How to connect to listen for new work (``EnqueueSignal``); `nil` for polling alone, as behind PgBouncer.
    public var notifications: Postgres.Configuration?
    /// How long an idle worker waits before it looks for work again, at most; up to a half less.
    public var pollInterval: Duration
    /// How often the worker renews its lease.
    public var heartbeatInterval: Duration
    /// How long after the last renewal the worker counts as dead. Several heartbeats must fit in.
    public var timeToLive: Duration
    /// How often the worker looks for dead workers, whose jobs it then takes back, give or take a half.
    public var rescueInterval: Duration
    /// A job that brought this many workers down is dead-lettered.
    public var rescueLimit: Int
    /// How long running jobs may take to end when the worker shuts down.
    public var gracePeriod: Duration
    /// How long cancelled jobs may take to react before they are handed back regardless.
    public var cancellationPeriod: Duration
    public var retry: RetryPolicy
    /// Where the worker reports its metrics; what the process was set up with by default.
    public var metrics: any MetricsFactory = MetricsSystem.factory
    /// How often schedules are looked at, give or take a half, so that a job is enqueued at most that much late; `nil`
    /// leaves them to others.
    public var scheduleInterval: Duration?
    /// How often jobs are made of what was gathered (``GatheringJob``), give or take a half; `nil` leaves that to others.
    public var gatherInterval: Duration?
    /// How often partitions are made and dropped; `nil` leaves that to others.
    public var maintenanceInterval: Duration?
    /// Days for which finished jobs are kept.
    public var daysKept: Int

    public init(
        name: String = "worker", queues: [String]? = nil, concurrency: Int = 32,
        slots: [String: QueueSlots] = [:], notifications: Postgres.Configuration? = nil,
        pollInterval: Duration = .milliseconds(200), heartbeatInterval: Duration = .seconds(5),
        timeToLive: Duration = .seconds(30), rescueInterval: Duration = .seconds(2), rescueLimit: Int = 5,
        gracePeriod: Duration = .seconds(20), cancellationPeriod: Duration = .seconds(2), retry: RetryPolicy = .init(),
        scheduleInterval: Duration? = .seconds(1), gatherInterval: Duration? = .milliseconds(500),
        maintenanceInterval: Duration? = .seconds(3600), daysKept: Int = 7
    ) {
        self.name = name
        self.queues = queues
        self.concurrency = concurrency
        self.slots = slots
        self.notifications = notifications
        self.pollInterval = pollInterval
        self.heartbeatInterval = heartbeatInterval
        self.timeToLive = timeToLive
        self.rescueInterval = rescueInterval
        self.rescueLimit = rescueLimit
        self.gracePeriod = gracePeriod
        self.cancellationPeriod = cancellationPeriod
        self.retry = retry
        self.scheduleInterval = scheduleInterval
        self.gatherInterval = gatherInterval
        self.maintenanceInterval = maintenanceInterval
        self.daysKept = daysKept
    }
}
