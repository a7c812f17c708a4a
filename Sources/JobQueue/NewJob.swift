public import FoundationEssentials

/// A job that is to be enqueued, with what differs from its type's defaults.
public struct NewJob: Sendable {
    public let id: UUID
    public let job: any Job
    public var queue: String
    /// Not before this moment; `nil` for at once.
    public var runAt: Date?
    /// Not started after this moment: then it is dead-lettered.
    public var deadline: Date?
    public var priority: Int
    public var maxAttempts: Int
    /// The tokens that a start takes, where the tenant's queue has a rate; 0 to 1,000,000.
    public var cost: Int
    public var uniqueKey: String?
    /// The open batch that the job belongs to; such a job has no unique key.
    public var batchID: UUID?

    /// `id` is a fresh UUIDv7 unless one is given; a second job with the same id is refused by the database.
    public init(
        _ job: any Job, id: UUID = .v7(), queue: String? = nil, runAt: Date? = nil, deadline: Date? = nil,
        priority: Int? = nil, maxAttempts: Int? = nil, cost: Int = 1, uniqueKey: String? = nil, batchID: UUID? = nil
    ) {
        let type = Swift.type(of: job)
        self.id = id
        self.job = job
        self.queue = queue ?? type.queue
        self.runAt = runAt
        self.deadline = deadline
        self.priority = priority ?? type.priority
        self.maxAttempts = maxAttempts ?? type.maxAttempts
        self.cost = cost
        self.uniqueKey = uniqueKey ?? job.uniqueKey
        self.batchID = batchID
    }

    var type: any Job.Type { Swift.type(of: job) }

    /// The key as it is stored: keys of different kinds do not meet.
    var storedKey: String? { uniqueKey.map { "\(type.kind)/\($0)" } }
}
