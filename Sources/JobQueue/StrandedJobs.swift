import Logging
import Postgres

/// Finds ready jobs that nobody takes. Each worker has one, and tells of each kind, version and queue once.
struct StrandedJobs {
    enum Finding: Hashable, Sendable {
        /// This worker has no code for the kind.
        case kind(String)
        /// Its code reads only older versions of the kind.
        case version(kind: String, Int)
        /// This worker does not serve the queue, and no other seems to.
        case queue(String)
    }

    /// How long the first job of a queue that this worker does not serve may wait for another one.
    private static let patience = Duration.seconds(60)
    private static let timeLimit = Duration.seconds(5)

    let pool: Pool
    let claimable: Claimable
    private var told: Set<Finding> = []
    /// Queues that looked unserved the last time: a job that is handed back stands there for a moment as if it had waited.
    private var suspects: Set<String> = []

    init(pool: Pool, claimable: Claimable) {
        self.pool = pool
        self.claimable = claimable
    }

    /// What has not been told yet. Among many dead entries nothing is found in time; they go.
    mutating func look() async throws -> [Finding] {
        let unreadable: [StrandedStatements.Unreadable]
        let unserved: [String]
        do {
            (unreadable, unserved) = try await pool.withTransaction(timeout: Self.timeLimit) { transaction in
                try await transaction.pipeline(
                    StrandedStatements.unreadable(claimable),
                    StrandedStatements.unserved(besides: claimable.queues, for: Self.patience))
            }
        } catch let error as PostgresError where error.reason == .deadline {
            return []
        }
        let findings =
            unreadable.map { job in
                job.version.map { .version(kind: job.kind, $0) } ?? Finding.kind(job.kind)
            } + unserved.filter(suspects.contains).map(Finding.queue)
        suspects = Set(unserved)
        return findings.filter { told.insert($0).inserted }
    }
}

extension StrandedJobs.Finding {
    func log(to logger: Logger) {
        switch self {
        case .kind(let kind):
            logger.error("jobs of a kind wait that this worker has no code for", metadata: ["kind": "\(kind)"])
        case .version(let kind, let version):
            logger.error(
                "jobs of a version wait that is newer than this worker's code",
                metadata: ["kind": "\(kind)", "version": "\(version)"])
        case .queue(let queue):
            logger.error("jobs wait in a queue that no worker serves", metadata: ["queue": "\(queue)"])
        }
    }
}
