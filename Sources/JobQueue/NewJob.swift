public import FoundationEssentials

/// A job that is to be enqueued, with what differs from its type's defaults.
public struct NewJob: Sendable {
    public let id: UUID
    public let job: any Job
    /// Not before this moment; `nil` for at once.
    public var runAt: Date?
    public var priority: Int
    public var uniqueKey: String?

    /// `id` is a fresh UUIDv7 unless one is given; a second job with the same id is refused by the database.
    public init(
        _ job: any Job, id: UUID = .v7(), runAt: Date? = nil, priority: Int? = nil, uniqueKey: String? = nil
    ) {
        self.id = id
        self.job = job
        self.runAt = runAt
        self.priority = priority ?? Swift.type(of: job).priority
        self.uniqueKey = uniqueKey ?? job.uniqueKey
    }

    var type: any Job.Type { Swift.type(of: job) }

    /// The key as it is stored: keys of different kinds do not meet.
    var storedKey: String? { uniqueKey.map { "\(type.kind)/\($0)" } }
}
