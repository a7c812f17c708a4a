public import FoundationEssentials
public import Logging
public import Postgres
import Synchronization

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
    private let cancellation: Cancellation
    let completion = Completion()

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
        cancellation = Cancellation()
    }

    init(job: ClaimedJob, cancellation: Cancellation, logger: Logger) {
        tenantID = job.key.tenantID
        jobID = job.key.id
        kind = job.kind
        queue = job.queue
        attempt = job.attempt
        maxAttempts = job.maxAttempts
        lease = job.key.lease
        enqueuedAt = job.enqueuedAt
        base = logger
        self.cancellation = cancellation
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
    public var isCancelled: Bool { cancellation.reason != nil }

    /// Whether this is the last attempt before the job is dead-lettered.
    public var isLastAttempt: Bool { attempt >= maxAttempts }

    /// Completes the job in the handler's own transaction, so that its effects and its end are one: run it there, as the
    /// job's tenant and the application's role, and return normally after that transaction has committed.
    ///
    /// It fails, and with it the transaction, when the job was given to another run meanwhile. If the transaction rolls
    /// back, the handler has to throw.
    public func completeInTransaction() -> Statement<Void> {
        completion.use()
        return Statement(effect: "job.complete_in_transaction", "SELECT job.complete(\(jobID), \(lease))")
    }

    /// Throws `CancellationError` when ``isCancelled``. What a cancelled handler throws charges no attempt.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }
}

/// Why a run was told to stop; shared between the worker and the handler.
final class Cancellation: Sendable {
    enum Reason: Sendable {
        /// The job goes back to the queue, uncharged.
        case shutdown
        /// Somebody wants this job to stop: it ends as cancelled unless it completes.
        case requested
        /// Others may run the job by now: whatever comes out of this run is dropped.
        case leaseLost
    }

    private struct State {
        var reason: Reason?
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())
    var reason: Reason? { state.withLock { $0.reason } }

    /// Says which task to cancel; one that was to stop before is cancelled at once.
    func attach(_ task: Task<Void, Never>) {
        let isCancelled = state.withLock { state in
            state.task = task
            return state.reason != nil
        }
        if isCancelled { task.cancel() }
    }

    func cancel(_ reason: Reason) {
        let task = state.withLock { state in
            if state.reason != .leaseLost { state.reason = reason }
            return state.task
        }
        task?.cancel()
    }
}

/// Whether a handler completed its job by itself.
final class Completion: Sendable {
    /// Raised by `job.complete` when the run is not the present one.
    static let fenced = SQLState(rawValue: "JQ001")

    private let state = Atomic(false)

    var isUsed: Bool { state.load(ordering: .acquiring) }

    func use() { state.store(true, ordering: .releasing) }
}
