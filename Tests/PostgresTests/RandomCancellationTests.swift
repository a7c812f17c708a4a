import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// Cancels all kinds of work at all kinds of moments: before it has a connection, while it waits for one, before, between
/// and after round trips, within COMMIT.
@Suite struct RandomCancellationTests {
    private enum Work: CaseIterable { case pipeline, transaction, stream, copyIn, copyOut }

    /// What became of the work that was cancelled.
    private struct Tally {
        var finished: [Work: Int] = [:]
        var cancelled: [Work: Int] = [:]
        /// COPYs whose COMMIT may have been carried out.
        var unknownCopies = 0
    }

    private static let rowsOfStream = 300
    private static let rowsOfCopy = 500
    private static let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
    private static let sum = Statement(
        "test.sum", "SELECT n FROM generate_series(1, 300) n", all: { try $0.next(Int.self) })

    private static func echo(_ number: Int) -> Statement<Int> {
        Statement("test.echo", "SELECT \(number)", one: { try $0.next() })
    }

    /// Does the work and looks at every answer that comes.
    private static func perform(_ work: Work, _ number: Int, _ pool: Pool) async throws {
        switch work {
        case .pipeline:
            let (first, second) = try await pool.pipeline(echo(number), echo(-number))
            #expect(first == number && second == -number)
        case .transaction:
            try await pool.withTransaction { transaction in
                #expect(try await transaction.run(echo(number)) == number)
                let answers = try await transaction.withSavepoint { transaction in
                    try await transaction.pipeline(all: [echo(number), echo(-number)])
                }
                #expect(answers == [number, -number])
            }
        case .stream:
            let last = number % 3 == 0 ? number % rowsOfStream : rowsOfStream
            try await pool.withTransaction { transaction in
                let seen = try await transaction.stream(sum) { rows in
                    var seen = 0
                    for try await row in rows {
                        seen += 1
                        #expect(row == seen)
                        if row >= last { break }
                    }
                    return seen
                }
                #expect(seen == max(1, last))
                #expect(try await transaction.run(echo(number)) == number)
            }
        case .copyIn:
            try await pool.withTransaction { transaction in
                let sent = try await transaction.copyIn("test.in", "COPY t FROM STDIN (FORMAT binary)") { writer in
                    for row in 0..<rowsOfCopy {
                        try await writer.row(columns: 1) { $0.append(Int32(row)) }
                        if row % 100 == 0 { await Task.yield() }
                    }
                }
                #expect(sent == rowsOfCopy)
            }
        case .copyOut:
            try await pool.withTransaction { transaction in
                let statement: StaticString = "COPY (SELECT generate_series(1, 3000)) TO STDOUT"
                let lines = try await transaction.copyOut("test.out", statement) { chunks in
                    var lines = 0
                    for try await chunk in chunks { for byte in chunk where byte == 10 { lines += 1 } }
                    return lines
                }
                #expect(lines == 3000)
                #expect(try await transaction.run(echo(number)) == number)
            }
        }
    }

    /// Lets the work go on for a random while, now and then to its end.
    private static func pause(_ task: Task<Void, any Error>) async throws {
        switch Int.random(in: 0..<20) {
        case 0..<5: return
        case 5..<10: for _ in 0..<Int.random(in: 0..<40) { await Task.yield() }
        case 10: _ = await task.result
        default: try await Task.sleep(for: .microseconds(Int.random(in: 0..<6000)))
        }
    }

    /// Cancels one piece of work and proves the next connection that is lent clean.
    private static func cancelOnce(
        _ number: Int, _ pool: Pool, on executor: (any TaskExecutor)?, _ tally: Shared<Tally>
    ) async throws {
        let work = Work.allCases[Int.random(in: 0..<Work.allCases.count)]
        let task = Task(executorPreference: executor) { try await perform(work, number, pool) }
        try await pause(task)
        task.cancel()
        do {
            try await task.value
            tally.change { $0.finished[work, default: 0] += 1 }
        } catch let error as PostgresError {
            #expect(error.reason == .cancelled || error.reason == .commitUnknown, "\(error)")
            tally.change { tally in
                tally.cancelled[work, default: 0] += 1
                if work == .copyIn, error.reason == .commitUnknown { tally.unknownCopies += 1 }
            }
        }
        let proof = Int.random(in: 0 ... .max)
        #expect(try await pool.pipeline(echo(proof)) == proof)
    }

    /// A thousand cancellations by ten tasks.
    private static func cancelMany(
        _ batch: Int, _ pool: Pool, on executor: (any TaskExecutor)?, _ tally: Shared<Tally>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<10 {
                group.addTask(executorPreference: executor) {
                    for round in 0..<100 {
                        try await cancelOnce(batch * 1000 + worker * 100 + round, pool, on: executor, tally)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(pool.statistics.inUse == 0 && pool.statistics.waiting == 0)
        #expect(pool.counts.open <= 3)
        // What was cancelled was undone, all of it.
        let copies = tally.value.finished[.copyIn] ?? 0
        let rows = try await pool.pipeline(count)
        #expect(rows % rowsOfCopy == 0)
        #expect((copies...copies + tally.value.unknownCopies).contains(rows / rowsOfCopy))
    }

    @Test(arguments: [false, true])
    func `cancelling at any moment leaves nothing stuck and no answer for another`(_ isPolling: Bool) async throws {
        let executor: (any TaskExecutor)? = isPolling ? PollingExecutor.shared : nil
        try await withDatabase { database in
            try await database.execute("CREATE UNLOGGED TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 3)) { pool in
                let tally = Shared(Tally())
                for batch in 0..<10 { try await Self.cancelMany(batch, pool, on: executor, tally) }
                let (finished, cancelled) = (tally.value.finished, tally.value.cancelled)
                #expect(finished.values.reduce(0, +) + cancelled.values.reduce(0, +) == 10_000)
                for work in Work.allCases { #expect(finished[work] != nil && cancelled[work] != nil, "\(work)") }
            }
        }
    }
}
