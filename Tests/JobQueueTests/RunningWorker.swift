import JobQueue
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestSupport

/// A worker that runs in a service group, as in the program.
struct RunningWorker: Sendable {
    let worker: Worker
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(
        _ queue: Pool, _ handlers: HandlerRegistry, concurrency: Int = 8, log: CapturedLog? = nil,
        configure: (inout WorkerConfiguration) -> Void = { _ in }
    ) {
        var configuration = WorkerConfiguration(
            name: "test", concurrency: concurrency, pollInterval: .milliseconds(10),
            heartbeatInterval: .milliseconds(100), timeToLive: .seconds(10), rescueInterval: .milliseconds(30),
            gracePeriod: .seconds(20), retry: RetryPolicy(base: .zero), maintenanceInterval: nil)
        configure(&configuration)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        if let log { logger = log.logger(level: .error) }
        worker = Worker(pool: queue, handlers: handlers, configuration: configuration, logger: logger)
        let group = ServiceGroup(services: [worker], logger: logger)
        self.group = group
        task = Task { try await group.run() }
    }

    /// Shuts down gracefully and waits for the end.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await task.value
    }

    /// Ends the worker as fast as it goes.
    func cancel() { task.cancel() }
}

/// Lends a running worker and stops it afterwards.
func withWorker<Result>(
    _ queue: Pool, _ handlers: HandlerRegistry, concurrency: Int = 8, log: CapturedLog? = nil,
    configure: (inout WorkerConfiguration) -> Void = { _ in }, _ body: (Worker) async throws -> Result
) async throws -> Result {
    let running = RunningWorker(queue, handlers, concurrency: concurrency, log: log, configure: configure)
    let result: Result
    do { result = try await body(running.worker) } catch {
        running.cancel()
        throw error
    }
    try await running.stop()
    return result
}
