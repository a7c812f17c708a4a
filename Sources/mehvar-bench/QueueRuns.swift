import CRM
import Foundation
import JobQueue
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// What the benchmark `queue` measures of the queue itself.
struct QueueRuns: Sendable {
    let settings: Settings
    let tables: QueueTables

    /// Jobs a second that one worker claims, runs and completes; the queue must hold as many.
    func process(_ jobs: Int) async throws -> Double {
        let done = Atomic(0)
        let finished = Gate()
        var handlers = HandlerRegistry()
        handlers.register(NoOperation.self) { _, _ in
            if done.wrappingAdd(1, ordering: .relaxed).newValue == jobs { finished.open() }
        }
        let before = try await tables.count("SELECT count(*) FROM job.done")
        return try await withWorker(handlers, listens: false) { worker in
            let began = ContinuousClock.now
            await finished.wait()
            // A job counts when the server has answered its completion; counting rows here would slow down the last ones.
            while worker.counts.completed < jobs { try await Task.sleep(for: .milliseconds(1)) }
            let rate = Double(jobs) / ((ContinuousClock.now - began) / .seconds(1))
            let done = try await tables.count("SELECT count(*) FROM job.done") - before
            guard done == jobs else { throw Tool.Failure(description: "\(done) of \(jobs) jobs are done") }
            return rate
        }
    }

    /// Runs the body while a worker has always so many jobs to do; it can ask how many were completed.
    func withLoad<Result: Sendable>(
        _ jobs: Int, _ body: (@Sendable () -> Int) async throws -> Result
    ) async throws -> Result {
        var handlers = HandlerRegistry()
        handlers.register(NoOperation.self) { _, _ in }
        return try await withWorker(handlers, listens: false) { worker in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var enqueued = 0
                    while !Task.isCancelled {
                        if enqueued - worker.counts.completed < jobs {
                            try await tables.insert(jobs)
                            enqueued += jobs / tables.tenants.count * tables.tenants.count
                            worker.wake()
                        } else {
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                }
                let result = try await body { worker.counts.completed }
                group.cancelAll()
                return result
            }
        }
    }

    /// Jobs a second that one connection enqueues, 5000 in a transaction.
    func enqueueBulk(seconds: Int) async throws -> Double {
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 1))
        defer { pool.close() }
        let tenant = tables.tenants[0]
        let began = ContinuousClock.now
        var jobs = 0
        while ContinuousClock.now - began < .seconds(seconds) {
            let new = (0..<5000).map { NewJob(NoOperation(survey: $0 % 7, customer: "c\($0)")) }
            let statements = try Enqueue.statements(tenant: tenant, jobs: new)
            jobs += try await pool.withTransaction(prelude: [Self.setTenant(tenant)]) { transaction in
                try await transaction.pipeline(all: statements).reduce(0, +)
            }
        }
        return Double(jobs) / ((ContinuousClock.now - began) / .seconds(1))
    }

    /// Tenant transactions a second with one other write and one job, on four connections.
    func enqueueOne(seconds: Int) async throws -> Double {
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 4))
        defer { pool.close() }
        let tenants = tables.tenants
        let began = ContinuousClock.now
        let jobs = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask(executorPreference: PollingExecutor.shared) {
                    var jobs = 0
                    while ContinuousClock.now - began < .seconds(seconds) {
                        let tenant = tenants[(task + jobs * 7) % tenants.count]
                        let write = Statement<Int>(
                            "bench.write", "INSERT INTO bench.write (tenant_id, number) VALUES (\(tenant), \(jobs))")
                        _ = try await pool.pipeline(
                            prelude: [Self.setTenant(tenant)], write,
                            Enqueue.statement(tenant: tenant, job: NoOperation(survey: 1, customer: "c1")))
                        jobs += 1
                    }
                    return jobs
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(jobs) / ((ContinuousClock.now - began) / .seconds(1))
    }

    /// Milliseconds from the commit of a job on an idle queue until it starts.
    func pickup(_ samples: Int) async throws -> [Double] {
        let started = Mutex<(Gate, ContinuousClock.Instant)?>(nil)
        var handlers = HandlerRegistry()
        handlers.register(NoOperation.self) { _, _ in
            let now = ContinuousClock.now
            let gate = started.withLock { state -> Gate? in
                let gate = state?.0
                state = gate.map { ($0, now) }
                return gate
            }
            gate?.open()
        }
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 2))
        defer { pool.close() }
        let signal = EnqueueSignal(pool: pool, logger: Self.logger)
        let tenant = tables.tenants[0]
        return try await withWorker(handlers, listens: true) { worker in
            var times: [Double] = []
            for _ in 0..<samples {
                let gate = Gate()
                started.withLock { $0 = (gate, .now) }
                _ = try await pool.pipeline(
                    prelude: [Self.setTenant(tenant)],
                    Enqueue.statement(tenant: tenant, job: NoOperation(survey: 1, customer: "c1")))
                let committed = ContinuousClock.now
                signal.send()
                await gate.wait()
                let start = started.withLock { $0?.1 } ?? .now
                times.append((start - committed) / .milliseconds(1))
                try await Task.sleep(for: .milliseconds(Int.random(in: 20...60)))
            }
            return times
        }
    }

    /// The 99th percentile of milliseconds from enqueueing to start of each tenant, the one with nine tenths of the jobs
    /// first.
    func fairness(_ jobs: Int) async throws -> [Double] {
        struct Times { var byTenant: [UUID: [Double]] = [:] }
        let times = Mutex(Times())
        let count = Atomic(0)
        let finished = Gate()
        var handlers = HandlerRegistry()
        handlers.register(NoOperation.self) { _, context in
            let waited = Date().timeIntervalSince(context.enqueuedAt) * 1000
            times.withLock { $0.byTenant[context.tenantID, default: []].append(waited) }
            try await Task.sleep(for: .milliseconds(2))
            if count.wrappingAdd(1, ordering: .relaxed).newValue == jobs { finished.open() }
        }
        let pool = Pool(settings.configuration(as: .app, application: "mehvar-bench", connections: 2))
        defer { pool.close() }
        let signal = EnqueueSignal(pool: pool, logger: Self.logger)
        let tables = tables
        @Sendable func enqueue(_ tenant: UUID, _ number: Int) async throws {
            let new = (0..<number).map { NewJob(NoOperation(survey: $0, customer: "c")) }
            let statements = try Enqueue.statements(tenant: tenant, jobs: new)
            _ = try await pool.withTransaction(prelude: [Self.setTenant(tenant)]) { transaction in
                try await transaction.pipeline(all: statements)
            }
            signal.send()
        }
        try await withWorker(handlers, listens: true) { _ in
            try await enqueue(tables.tenants[0], jobs * 9 / 10)
            // The others come one by one while the first one's jobs run.
            let others = tables.tenants.dropFirst()
            let rest = jobs - jobs * 9 / 10
            for number in 0..<rest {
                try await enqueue(others[others.startIndex + number % others.count], 1)
                if number % 8 == 7 { try await Task.sleep(for: .milliseconds(1)) }
            }
            await finished.wait()
        }
        let found = times.withLock { $0.byTenant }
        return tables.tenants.map { found[$0]?.percentile(0.99) ?? 0 }
    }

    static func setTenant(_ tenant: UUID) -> Statement<Void> {
        Statement(effect: "bench.set_tenant", "SELECT crm.set_tenant(\(tenant))")
    }

    private static let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })

    private func withWorker<Result: Sendable>(
        _ handlers: HandlerRegistry, listens: Bool, _ body: (Worker) async throws -> Result
    ) async throws -> Result {
        let pool = Pool(settings.configuration(as: .queue, application: "mehvar-bench", connections: 8))
        var configuration = WorkerConfiguration(name: "bench", concurrency: 1000, maintenanceInterval: nil)
        if listens {
            configuration.notifications = settings.configuration(
                as: .queue, application: "mehvar-bench", connections: 1)
        }
        let worker = Worker(pool: pool, handlers: handlers, configuration: configuration, logger: Self.logger)
        let group = ServiceGroup(services: [pool, worker], logger: Self.logger)
        let running = Task(executorPreference: PollingExecutor.shared) { try await group.run() }
        let result = try await body(worker)
        await group.triggerGracefulShutdown()
        try await running.value
        return result
    }
}

extension [Double] {
    func percentile(_ share: Double) -> Double {
        isEmpty ? 0 : sorted()[Swift.min(count - 1, Int((Double(count) * share).rounded(.down)))]
    }
}

/// Holds one task back until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func open() {
        state.withLock { state in
            state.isOpen = true
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiter = continuation }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
