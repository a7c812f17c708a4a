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
    private(set) var parameters: [JSONText] = []

    init(_ jobs: some Collection<NewJob>) throws {
        let encoder = JSONEncoder()
        for job in jobs {
            ids.append(job.id)
            queues.append(job.type.queue)
            kinds.append(job.type.kind)
            versions.append(Int32(clamping: job.type.version))
            priorities.append(Int16(clamping: job.priority))
            runAt.elements.append(job.runAt)
            maxAttempts.append(Int32(clamping: job.type.maxAttempts))
            uniqueKeys.elements.append(job.storedKey)
            parameters.append(JSONText(utf8: Array(try encoder.encode(job.job))))
        }
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
        var earliest: Date?
        if let runAt, let other = later.runAt { earliest = min(runAt, other) }
        return NewJob(
            later.job, id: id, runAt: earliest, priority: min(priority, later.priority), uniqueKey: uniqueKey)
    }
}
