import Synchronization
import Testing

@testable import Postgres

/// Cancels all kinds of work at all kinds of moments: before it has a connection, while it waits for one or opens one,
/// before, between and after round trips, within COMMIT, between two attempts.
struct RandomCancellations {
    /// What became of the work that was cancelled.
    struct Tally {
        var finished: [CancelledWork: Int] = [:]
        /// By the step that was under way.
        var cancelled: [CancelledWork: [Int: Int]] = [:]
        /// COPYs whose COMMIT may have been carried out.
        var unknownCopies = 0

        var count: Int {
            finished.values.reduce(0, +) + cancelled.values.reduce(0) { $0 + $1.values.reduce(0, +) }
        }
    }

    let pool: Pool
    let executor: (any TaskExecutor)?
    let tally = Shared(Tally())

    /// Lets the work go on for a random while, now and then to its end.
    private static func pause(_ work: CancelledWork, _ task: Task<Void, any Error>) async throws {
        switch Int.random(in: 0..<20) {
        case 0..<5: return
        case 5..<10: for _ in 0..<Int.random(in: 0..<40) { await Task.yield() }
        case 10: _ = await task.result
        default: try await Task.sleep(for: .microseconds(Int.random(in: 0..<work.duration)))
        }
    }

    /// Cancels one piece of work and proves the next connection that is lent clean.
    private func cancelOnce(_ number: Int) async throws {
        let work = CancelledWork.allCases[Int.random(in: 0..<CancelledWork.allCases.count)]
        let step = Shared(0)
        let task = Task(executorPreference: executor) {
            try await work.perform(number, pool, step: { now in step.change { $0 = now } })
        }
        try await Self.pause(work, task)
        task.cancel()
        do {
            try await task.value
            tally.change { $0.finished[work, default: 0] += 1 }
        } catch let error as PostgresError {
            #expect(error.reason == .cancelled || error.reason == .commitUnknown, "\(work): \(error)")
            tally.change { tally in
                tally.cancelled[work, default: [:]][step.value, default: 0] += 1
                if work == .copyIn, error.reason == .commitUnknown { tally.unknownCopies += 1 }
            }
        }
        let proof = Int.random(in: 0 ... .max)
        #expect(try await pool.pipeline(CancelledWork.echo(proof)) == proof)
    }

    /// Cancels one piece of work as a step of it begins: that no moment between two steps is left to chance.
    ///
    /// - Returns: the step that was under way when the work ended.
    func cancel(_ work: CancelledWork, inStep step: Int) async throws -> Int {
        let reached = Shared(0)
        let task = Task(executorPreference: executor) {
            if step == 0 { withUnsafeCurrentTask { $0?.cancel() } }
            try await work.perform(1, pool) { now in
                reached.change { $0 = now }
                if now == step { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        let error = await #expect(throws: PostgresError.self, "\(work) in step \(step)") { try await task.value }
        #expect(error?.reason == .cancelled, "\(work) in step \(step)")
        let proof = Int.random(in: 0 ... .max)
        #expect(try await pool.pipeline(CancelledWork.echo(proof)) == proof)
        return reached.value
    }

    /// A thousand cancellations by ten tasks. There has to be an empty table `t (n int)`.
    func cancelThousand() async throws {
        let first = tally.value.count
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<10 {
                group.addTask(executorPreference: executor) {
                    for round in 0..<100 { try await cancelOnce(first + worker * 100 + round) }
                }
            }
            try await group.waitForAll()
        }
        #expect(pool.statistics.inUse == 0 && pool.statistics.waiting == 0)
        #expect(pool.counts.open <= pool.configuration.maximumConnections)
        // What was cancelled was undone, all of it.
        let copies = tally.value.finished[.copyIn] ?? 0
        let rows = try await pool.pipeline(
            Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) }))
        #expect(rows % CancelledWork.rowsOfCopy == 0)
        #expect((copies...copies + tally.value.unknownCopies).contains(rows / CancelledWork.rowsOfCopy))
    }
}
