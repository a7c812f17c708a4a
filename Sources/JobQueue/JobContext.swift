public import FoundationEssentials
public import Logging
public import Postgres

/// What a handler knows about the run that it is part of.
public struct JobContext: Sendable {
    public let tenantID: UUID
    public let jobID: UUID
    public let kind: String
    public let queue: String
    /// The number of this attempt, from 1.
    public let attempt: Int
    public let maxAttempts: Int
    /// Grows with every run of the job and never repeats: a fencing token for effects outside the database.
    public let lease: Int64
    /// When the job was enqueued, by the database's clock.
    public let enqueuedAt: Date
    private let base: Logger
    private let state: RunState

    /// For tests of handlers; the worker makes its own.
    public init(
        tenantID: UUID, jobID: UUID = .v7(), kind: String, queue: String = "default", attempt: Int = 1,
        maxAttempts: Int = 20, lease: Int64 = 1, enqueuedAt: Date = Date(), logger: Logger
    ) {
        self.tenantID = tenantID
        self.jobID = jobID
        self.kind = kind
        self.queue = queue
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.lease = lease
        self.enqueuedAt = enqueuedAt
        base = logger
        state = RunState()
    }

    init(_ run: Run, logger: Logger) {
        let job = run.job
        tenantID = job.key.tenantID
        jobID = job.key.id
        kind = job.kind
        queue = job.queue
        attempt = job.attempt
        maxAttempts = job.maxAttempts
        lease = job.key.lease
        enqueuedAt = job.enqueuedAt
        base = logger
        state = run
    }

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
    public var isCancelled: Bool { state.reason != nil }

    /// Whether this is the last attempt before the job is dead-lettered.
    public var isLastAttempt: Bool { attempt >= maxAttempts }

    /// Completes the job in the handler's own transaction, so that its effects and its end are one: run it there, as the
    /// job's tenant and the application's role, and return normally after that transaction has committed.
    ///
    /// It fails, and with it the transaction, when the job was given to another run meanwhile. If the transaction rolls
    /// back, the handler has to throw.
    public func completeInTransaction() -> Statement<Void> {
        state.complete()
        return Statement(effect: "job.complete_in_transaction", "SELECT job.complete(\(jobID), \(lease))")
    }

    /// Throws `CancellationError` when ``isCancelled``. What a cancelled handler throws charges no attempt.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }
}
