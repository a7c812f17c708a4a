import FoundationEssentials
public import Logging
public import Postgres
public import ServiceLifecycle
import Synchronization

/// Claims jobs and runs their handlers until it is told to shut down.
///
/// `pool` connects as the queue's role and needs at least seven connections. Errors of the database never end the
/// worker: it logs them, waits and goes on. Jobs run at least once; a run whose worker was presumed dead cannot finish
/// a later one.
public final class Worker: Service {
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let running = RunningJobs()
    private let counters: Counters
    private let clock: ServerClock
    private let lease: LeaseKeeper
    private let stopRequests: StopRequests
    private let runner: Runner
    private let buffer: OutcomeBuffer
    private let rescuer: Rescuer
    private let claimer: Claimer
    private let maintenance: Maintenance?
    private let listener: JobListener?
    private let scheduler: Scheduler?
    private let gatherer: Gatherer?
    /// Set by cancellation: the grace period is over.
    private let isHurried = Mutex(false)

    /// - Parameters:
    ///   - pool: connections as `mehvar_queue`.
    ///   - handlers: the code; kinds that are not registered are left alone and reported.
    public init(
        pool: Pool, handlers: HandlerRegistry, configuration: WorkerConfiguration = WorkerConfiguration(),
        logger: Logger
    ) {
        self.logger = logger
        let clock = ServerClock()
        self.clock = clock
        counters = Counters(QueueMetrics(configuration.metrics))
        let claimable = Claimable(queues: configuration.queues ?? handlers.queues, kinds: handlers.kinds)
        var configuration = configuration
        for queue in configuration.slots.keys where !claimable.queues.contains(queue) {
            // Slots for it alone would be lost.
            logger.error("slots are set for a queue that the worker does not serve", metadata: ["queue": "\(queue)"])
            configuration.slots[queue] = nil
        }
        self.configuration = configuration
        let maintenance = Maintenance(
            pool: pool, interval: configuration.maintenanceInterval ?? .zero, daysKept: configuration.daysKept,
            logger: logger)
        self.maintenance = configuration.maintenanceInterval == nil ? nil : maintenance
        let writer = OutcomeWriter(
            pool: pool, running: running, counters: counters, clock: clock, logger: logger,
            makePartitions: { try await maintenance.maintain() })
        lease = LeaseKeeper(pool: pool, configuration: configuration, clock: clock, logger: logger)
        stopRequests = StopRequests(
            pool: pool, running: running, interval: configuration.heartbeatInterval, logger: logger)
        runner = Runner(handlers: handlers, retry: configuration.retry, clock: clock, logger: logger)
        buffer = OutcomeBuffer(writer: writer)
        rescuer = Rescuer(
            pool: pool, writer: writer, claimable: claimable, configuration: configuration, clock: clock, logger: logger
        )
        claimer = Claimer(
            pool: pool, claimable: claimable, configuration: configuration, lease: lease, running: running,
            rescuer: rescuer, counters: counters, logger: logger)
        var listener: JobListener?
        if let notifications = configuration.notifications {
            listener = JobListener(configuration: notifications, counters: counters, logger: logger)
        }
        self.listener = listener
        scheduler = configuration.scheduleInterval.map { Scheduler(pool: pool, interval: $0, logger: logger) }
        gatherer = configuration.gatherInterval.map { Gatherer(pool: pool, interval: $0, logger: logger) }
    }

    /// What the worker did so far.
    public var counts: WorkerCounts { counters.snapshot }

    /// Looks for work at once instead of at the next poll.
    public func wake() { claimer.wake() }

    /// Runs until graceful shutdown or cancellation, once.
    ///
    /// Running jobs get the grace period to end; then they are cancelled and handed back without an attempt being
    /// charged, and the worker takes itself off the register. Cancellation of the surrounding task skips the grace
    /// period.
    public func run() async throws {
        // A task of its own: handing back must work when the surrounding task is cancelled.
        let main = Task { await self.work() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await main.value
            } onGracefulShutdown: {
                self.claimer.stop()
            }
        } onCancel: {
            isHurried.withLock { $0 = true }
            claimer.stop()
            running.ended.set()
        }
    }

    private func work() async {
        logger.info(
            "worker started",
            metadata: [
                "concurrency": "\(configuration.concurrency)",
                "queues": "\(rescuer.claimable.queues.joined(separator: ","))",
            ])
        var background = [
            Task {
                await self.lease.run(
                    onGained: { self.claimer.wake() }, onLost: { self.running.cancelAll(.leaseLost) })
            },
            Task { await self.stopRequests.run() },
            Task { await self.rescuer.run(onRescued: { self.claimer.wakeForReturned() }) },
        ]
        if let maintenance { background.append(Task { await maintenance.run() }) }
        if let scheduler { background.append(Task { await scheduler.run { self.claimer.wake() } }) }
        if let gatherer { background.append(Task { await gatherer.run { self.claimer.wake() } }) }
        if let listener {
            background.append(
                Task {
                    await listener.run {
                        self.claimer.wake()
                        // What was cancelled is announced in the same way.
                        self.stopRequests.wake()
                    }
                })
        }
        let writing = Task { await self.buffer.run(onWritten: { $0 ? self.claimer.wake() : self.claimer.slotFreed() }) }

        await claimer.run(
            backlog: { buffer.count }, start: { start($0) }, decline: { buffer.add(.handBack($0), isUrgent: true) })
        await endRuns()
        buffer.finish(within: configuration.cancellationPeriod)
        await writing.value
        for task in background { task.cancel() }
        for task in background { await task.value }
        do { try await lease.release() } catch {
            logger.warning("cannot take the worker off the register", metadata: ["error": "\(error.loggable)"])
        }
        logger.info("worker stopped")
    }

    private func start(_ jobs: [ClaimedJob]) {
        let now = clock.now
        for (place, jobs) in jobs.lots {
            counters.metrics.started(place.queue, after: jobs.lazy.map { now.timeIntervalSince($0.runAt) })
        }
        running.start(jobs) { run in
            let began = ContinuousClock.now
            var failure: (any Error)?
            do { try await self.runner.run(run) } catch { failure = error }
            self.finish(run, failure, took: .now - began)
        }
    }

    @inline(never)
    private func finish(_ run: Run, _ failure: (any Error)?, took time: Duration) {
        switch runner.end(of: run, failure) {
        case .outcome(let outcome):
            if outcome.isFailure { counters.update { $0.failed += 1 } }
            running.end(run, took: time) { isLast in
                self.buffer.add(outcome, isUrgent: isLast, freesTwin: run.job.isUnique)
            }
        case .completed:
            running.end(run, took: time)
            counters.update { $0.completed += 1 }
            if run.job.isUnique { claimer.wake() }
        case .fenced:
            running.end(run, took: time)
            counters.update { $0.fenced += 1 }
        }
        claimer.slotFreed()
    }

    /// Lets runs end, then cancels them, then hands back what does not react.
    private func endRuns() async {
        await waitForRuns(atMost: configuration.gracePeriod, canBeHurried: true)
        guard running.count > 0 else { return }
        logger.info("cancelling jobs that still run", metadata: ["jobs": "\(running.count)"])
        running.cancelAll(.shutdown)
        await waitForRuns(atMost: configuration.cancellationPeriod, canBeHurried: false)
        let abandoned = running.abandonAll()
        guard !abandoned.isEmpty else { return }
        logger.error("jobs do not react to cancellation and are handed back", metadata: ["jobs": "\(abandoned.count)"])
        for key in abandoned { buffer.add(.handBack(key), isUrgent: false) }
    }

    private func waitForRuns(atMost limit: Duration, canBeHurried: Bool) async {
        let deadline = ContinuousClock.now + limit
        while running.count > 0, ContinuousClock.now < deadline {
            if canBeHurried, isHurried.withLock({ $0 }) { return }
            await running.ended.wait(atMost: deadline - .now)
        }
    }
}
