import FoundationEssentials
import Postgres

/// The columns of jobs that are enqueued together.
struct EnqueueRows {
    private(set) var ids: [UUID] = []
    private(set) var queues: [String] = []
    private(set) var kinds: [String] = []
    private(set) var versions: [Int32] = []
    private(set) var priorities: [Int16] = []
    private(set) var runAt = NullableArray<Date>([])
    private(set) var maxAttempts: [Int32] = []
    private(set) var uniqueKeys = NullableArray<String>([])
    private(set) var deadlines = NullableArray<Date>([])
    private(set) var costs: [Int32] = []
    private(set) var batches = NullableArray<UUID>([])
    private(set) var parameters: [JSONText] = []

    init(_ jobs: some Collection<NewJob>) throws {
        let encoder = JSONEncoder()
        for job in jobs {
            let row = try EnqueueRow(job, encoder)
            ids.append(job.id)
            queues.append(job.queue)
            kinds.append(row.kind)
            versions.append(row.version)
            priorities.append(row.priority)
            runAt.elements.append(job.runAt)
            maxAttempts.append(row.maxAttempts)
            uniqueKeys.elements.append(job.storedKey)
            deadlines.elements.append(job.deadline)
            costs.append(row.cost)
            batches.elements.append(job.batchID)
            parameters.append(row.parameters)
        }
    }
}

/// What stands in the columns of one job.
struct EnqueueRow {
    let kind: String
    let version: Int32
    let priority: Int16
    let maxAttempts: Int32
    let cost: Int32
    let parameters: JSONText

    init(_ new: NewJob, _ encoder: JSONEncoder = JSONEncoder()) throws {
        kind = new.type.kind
        version = Int32(clamping: new.type.version)
        priority = Int16(clamping: new.priority)
        maxAttempts = Int32(clamping: new.maxAttempts)
        cost = Int32(clamping: new.cost)
        parameters = JSONText(utf8: Array(try encoder.encode(new.job)))
    }
}

extension NewJob {
    /// The jobs with those of the same key made one, as the database would: a statement cannot touch a row twice.
    ///
    /// Keyed jobs come last and sorted, so that two callers lock the waiting ones in the same order.
    static func merged(_ jobs: [NewJob]) -> [NewJob] {
        var free: [NewJob] = []
        var keyed: [String: NewJob] = [:]
        for job in jobs {
            guard let key = job.storedKey else {
                free.append(job)
                continue
            }
            keyed[key] = keyed[key].map { $0.merged(with: job) } ?? job
        }
        return free + keyed.sorted { $0.key < $1.key }.map(\.value)
    }

    private func merged(with later: NewJob) -> NewJob {
        var merged = later
        merged.runAt = nil
        if let runAt, let other = later.runAt { merged.runAt = min(runAt, other) }
        merged.deadline = nil
        if let deadline, let other = later.deadline { merged.deadline = max(deadline, other) }
        merged.priority = min(priority, later.priority)
        merged.maxAttempts = max(maxAttempts, later.maxAttempts)
        return NewJob(
            merged.job, id: id, queue: queue, runAt: merged.runAt, deadline: merged.deadline,
            priority: merged.priority, maxAttempts: merged.maxAttempts, cost: merged.cost, uniqueKey: uniqueKey,
            // The database refuses a job with both, as it refuses one that meets no other.
            batchID: batchID ?? later.batchID)
    }
}
