public import FoundationEssentials
public import Logging
public import Postgres

/// What a handler knows about the run that it is part of.
///
/// Its task is a detached one: task-locals of the task that runs the worker, such as a trace's context or the metadata of
/// a logger, are not seen by the handler.
public struct JobContext: Sendable {
    private let run: RunState
    private let base: Logger

    /// For tests of handlers; the worker makes its own.
    public init(
        tenantID: UUID, jobID: UUID = .v7(), kind: String, queue: String = "default", attempt: Int = 1,
        maxAttempts: Int = 20, lease: Int64 = 1, enqueuedAt: Date = Date(), logger: Logger
    ) {
        let job = ClaimedJob(
            key: RunKey(tenantID: tenantID, id: jobID, lease: lease), queue: queue, kind: kind, priority: 0,
            runAt: enqueuedAt, attempt: attempt, maxAttempts: maxAttempts, isUnique: false,
            parameters: JSONText(utf8: []), enqueuedAt: enqueuedAt, deadline: nil)
        self.init(RunState(job), logger: logger)
    }

    init(_ run: RunState, logger: Logger) {
        self.run = run
        base = logger
    }

    public var tenantID: UUID { run.job.key.tenantID }
    public var jobID: UUID { run.job.key.id }
    public var kind: String { run.job.kind }
    public var queue: String { run.job.queue }
    /// The number of this attempt, from 1.
    public var attempt: Int { run.job.attempt }
    public var maxAttempts: Int { run.job.maxAttempts }
    /// Grows with every run of the job and never repeats: a fencing token for effects outside the database.
    public var lease: Int64 { run.job.key.lease }
    /// When the job was enqueued, by the database's clock.
    public var enqueuedAt: Date { run.job.enqueuedAt }

    /// Carries tenant, job, kind and attempt as metadata.
    public var logger: Logger {
        var logger = base
        logger[metadataKey: "tenant_id"] = "\(tenantID)"
        logger[metadataKey: "job_id"] = "\(jobID)"
        logger[metadataKey: "kind"] = "\(kind)"
        logger[metadataKey: "attempt"] = "\(attempt)"
        return logger
    }

    /// Whether the handler should stop soon: the worker shuts down or lost its lease, or somebody cancelled the
    /// job. The handler's task is cancelled too.
    public var isCancelled: Bool { run.reason != nil }

    /// Whether this is the last attempt before the job is dead-lettered.
    public var isLastAttempt: Bool { attempt >= maxAttempts }

    /// Completes the job in the handler's own transaction, so that its effects and its end are one: run it there, as the
    /// job's tenant and the application's role, and return normally after that transaction has committed.
    ///
    /// It fails, and with it the transaction, when the job was given to another run meanwhile. If the transaction rolls
    /// back, the handler has to throw.
    public func completeInTransaction() -> Statement<Void> {
        run.complete()
        return Statement(effect: "job.complete_in_transaction", "SELECT job.complete(\(jobID), \(lease))")
    }

    /// Throws `CancellationError` when ``isCancelled``. What a cancelled handler throws charges no attempt.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }
}
