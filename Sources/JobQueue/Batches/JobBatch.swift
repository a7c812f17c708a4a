public import FoundationEssentials
public import Postgres

/// Jobs that belong together, whose progress can be watched, and a last job that runs once when all of them have ended.
///
/// A batch is opened, gets its jobs in any number of transactions (``NewJob/batchID``), and is closed. It ends when it is
/// closed and each of its jobs was completed, cancelled or dead-lettered. A dead job that is retried takes the end back:
/// when that one has ended too, the batch ends anew and the last job runs again.
public struct JobBatch: Sendable {
    public let id: UUID
    /// What it does, for people and programs, such as `campaign.send`; 1 to 200 characters.
    public let name: String
    /// Runs each time the batch ends, under an id of its own; its id, time, unique key and batch are not heeded.
    public let finally: NewJob?

    public init(id: UUID = .v7(), name: String, finally: NewJob? = nil) {
        self.id = id
        self.name = name
        self.finally = finally
    }

    /// Opens the batch, in the caller's transaction; one that is there already is left as it is.
    ///
    /// - Throws: `EncodingError` when the last job's parameters cannot be written as JSON.
    public func open(tenant: UUID) throws -> Statement<Void> {
        let finally = try finally.map { JSONText(utf8: Array(try JSONEncoder().encode(Finally($0)))) }
        return Statement(
            effect: "job.batch_open",
            """
            INSERT INTO job.batch (tenant_id, id, name, finally) VALUES (\(tenant), \(id), \(name), \(finally))
            ON CONFLICT (tenant_id, id) DO NOTHING
            """)
    }

    /// Says that no more jobs will come, in the caller's transaction. Where all have ended already, this enqueues the
    /// last job. A batch that is closed, or not there, is left alone.
    public static func close(tenant: UUID, _ id: UUID) -> Statement<Void> {
        Statement(effect: "job.batch_close", "SELECT job.close_batch(\(tenant), \(id))")
    }

    /// How far the batch is; `nil` when there is none.
    public static func progress(tenant: UUID, _ id: UUID) -> Statement<BatchProgress?> {
        Statement(
            "job.batch_progress",
            """
            SELECT name, is_open, total, done, failed, cancelled, created_at, ended_at
            FROM job.batch WHERE tenant_id = \(tenant) AND id = \(id)
            """,
            optional: { row in
                try BatchProgress(
                    name: row.next(), isOpen: row.next(), total: row.next(), done: row.next(), failed: row.next(),
                    cancelled: row.next(), createdAt: row.next(), endedAt: row.nextIfPresent())
            })
    }

    /// The last job as it is kept until the end.
    private struct Finally: Encodable {
        let new: NewJob

        init(_ new: NewJob) { self.new = new }

        private enum Key: String, CodingKey {
            case queue, kind, version, priority, max_attempts, cost, deadline, parameters
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(new.queue, forKey: .queue)
            try container.encode(new.type.kind, forKey: .kind)
            try container.encode(Int32(clamping: new.type.version), forKey: .version)
            try container.encode(Int16(clamping: new.priority), forKey: .priority)
            try container.encode(Int32(clamping: new.maxAttempts), forKey: .max_attempts)
            try container.encode(Int32(clamping: new.cost), forKey: .cost)
            try container.encodeIfPresent(new.deadline?.timeIntervalSince1970, forKey: .deadline)
            try new.job.encode(to: container.superEncoder(forKey: .parameters))
        }
    }
}

/// How far a batch is.
public struct BatchProgress: Sendable, Equatable {
    public let name: String
    /// More jobs may come.
    public let isOpen: Bool
    /// Jobs that were added.
    public let total: Int
    /// Jobs that were completed.
    public let done: Int
    /// Jobs that were dead-lettered and not retried.
    public let failed: Int
    public let cancelled: Int
    public let createdAt: Date
    /// When the last job ended after the batch was closed.
    public let endedAt: Date?
}

enum BatchStatements {
    /// Announces jobs; fails where the batch is not open. Its output is 0.
    static func extend(tenant: UUID, _ id: UUID, by jobs: Int) -> Statement<Int> {
        Statement<Void>(effect: "job.batch_extend", "SELECT job.extend_batch(\(tenant), \(id), \(jobs))").map { 0 }
    }
}
