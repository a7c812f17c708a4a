import TestSupport
import Testing

@testable import Postgres

/// Look-ups that are slow, cancelled, cut off or too many.
@Suite struct LookupFaultTests {
    @Test func `slow ones keep those waiting that came with them, and no others`() async throws {
        try await withDatabase { database in
            let asleep = Statement(
                "test.asleep",
                "SELECT count(*) FROM pg_stat_activity WHERE datname = \(database.name) AND wait_event = 'PgSleep'",
                one: { try $0.next(Int.self) })
            try await withPool(database.configuration(maximumConnections: 4)) { pool in
                var slow: [Task<Void, any Error>] = []
                // As many trips as are under way at a time, and one more.
                for number in 1...3 {
                    slow += await LookupFixtures.begin(0..<1) { _ in try await pool.lookUp(Queries.sleep) }
                    try await eventually { try await observe(asleep) == number }
                }
                for _ in 0..<5 {
                    let tasks = await LookupFixtures.begin(0..<20) { try await pool.lookUp(LookupFixtures.echo($0)) }
                    #expect(try await LookupFixtures.values(tasks) == Array(0..<20))
                }
                #expect(try await observe(asleep) == 3)
                for task in slow { task.cancel() }
                for task in slow { #expect(try await failure { try await task.value }.reason == .cancelled) }
            }
        }
    }

    @Test func `those who wait behind slow ones leave after a moment, even if nobody comes any more`() async throws {
        try await withPool(LookupFixtures.configuration(4)) { pool in
            try await LookupFixtures.holding { lock in
                let tasks = await LookupFixtures.begin(0..<80) { number in
                    // The first trips are full of those that wait; what is left over is quick.
                    if number < 64 { try await pool.lookUp(LookupFixtures.waiting(for: lock)) }
                    return try await pool.lookUp(LookupFixtures.echo(number))
                }
                let values = try await LookupFixtures.values(Array(tasks[64...]))
                #expect(values == Array(64..<80))
                #expect(pool.statistics.inUse == 2)
                for task in tasks[..<64] { task.cancel() }
                for task in tasks[..<64] {
                    #expect(try await failure { try await task.value }.reason == .cancelled)
                }
            }
        }
    }

    @Test func `a cancelled task stops waiting while the others of its trip are answered`() async throws {
        try await withPool(LookupFixtures.configuration(1)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            var tasks: [Task<Int, any Error>] = []
            try await LookupFixtures.holding { lock in
                tasks = await LookupFixtures.begin(0..<10) {
                    try await pool.lookUp(LookupFixtures.waiting(for: lock), LookupFixtures.echo($0)).1
                }
                try await eventually { try await observe(LookupFixtures.waits(backend)) }
                tasks[4].cancel()
                #expect(try await failure { try await tasks[4].value }.reason == .cancelled)
                #expect(try await observe(LookupFixtures.waits(backend)))
            }
            for number in 0..<10 where number != 4 { #expect(try await tasks[number].value == number) }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `the server is told to stop when nobody waits for its answer any more`() async throws {
        try await withPool(LookupFixtures.configuration(1)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let tasks = await LookupFixtures.begin(0..<3) { _ in try await pool.lookUp(Queries.sleep) }
            try await eventually { try await observe(Queries.sleeps(backend)) }
            for task in tasks {
                #expect(try await observe(Queries.sleeps(backend)))
                task.cancel()
                #expect(try await failure { try await task.value }.reason == .cancelled)
            }
            try await eventually { try await !observe(Queries.sleeps(backend)) }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a cancelled task looks nothing up`() async throws {
        try await withPool { pool in
            let task = Running.onPollers.start {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await pool.lookUp(LookupFixtures.echo(1))
            }
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled && pool.statistics.created == 0)
        }
    }

    /// - Parameter before: how many of the look-ups the server has done when the connection breaks.
    @Test(arguments: [0, 3]) func `look-ups whose connection breaks are run again`(before: Int) async throws {
        try await withPool(LookupFixtures.configuration(4)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            var tasks: [Task<String, any Error>] = []
            try await LookupFixtures.holding { lock in
                // More than the server keeps to itself before it sends.
                let text = Statement(
                    "test.text", "SELECT repeat('x', 20000)", one: { try $0.next(String.self) })
                tasks = await LookupFixtures.begin(0..<10) { number in
                    number < before
                        ? try await pool.lookUp(text) : try await pool.lookUp(LookupFixtures.waiting(for: lock), text).1
                }
                try await eventually { try await observe(LookupFixtures.waits(backend)) }
                #expect(try await observe(Queries.terminate(backend)))
                try await eventually { try await !observe(Queries.lives(backend)) }
            }
            for task in tasks { #expect(try await task.value == String(repeating: "x", count: 20000)) }
        }
    }

    @Test(arguments: [1, 3]) func `the time limit ends a trip, and those on it are told`(number: Int) async throws {
        try await withPool(LookupFixtures.configuration(2, timeout: .milliseconds(300))) { pool in
            for task in await LookupFixtures.begin(0..<number, { _ in try await pool.lookUp(Queries.sleep) }) {
                let error = try await failure { try await task.value }
                #expect(error.reason == .deadline)
                // Of several it is not known whose statement took so long.
                #expect((error.statement == "test.sleep") == (number == 1) && (error.report == nil || number == 1))
            }
            #expect(try await pool.lookUp(LookupFixtures.echo(1)) == 1)
        }
    }

    @Test func `few prepared statements and large values are no hindrance`() async throws {
        var configuration = LookupFixtures.configuration(1)
        configuration.preparedStatementLimit = 1
        try await withPool(configuration) { pool in
            for _ in 0..<3 {
                let tasks = await LookupFixtures.begin(0..<20) { number in
                    let text = String(repeating: "\(number % 10)", count: 10_000)
                    let length = Statement(
                        "test.length", "SELECT length(\(text))::bigint", one: { try $0.next(Int.self) })
                    return try await pool.lookUp(number % 2 == 0 ? length : LookupFixtures.echo(number))
                }
                let values = try await LookupFixtures.values(tasks)
                #expect(values == (0..<20).map { $0 % 2 == 0 ? 10_000 : $0 })
            }
        }
    }

    @Test func `where nobody may wait for a connection there are look-ups all the same`() async throws {
        try await withPool(LookupFixtures.configuration(4, waiters: 0)) { pool in
            let values = try await LookupFixtures.values(
                LookupFixtures.begin(0..<20) { try await pool.lookUp(LookupFixtures.echo($0)) })
            #expect(values == Array(0..<20))
        }
    }

    @Test func `more than may wait are refused, and the others answered`() async throws {
        try await withPool(LookupFixtures.configuration(1, waiters: 5)) { pool in
            let tasks = await LookupFixtures.begin(0..<100) { try await pool.lookUp(LookupFixtures.echo($0)) }
            var refused = 0
            for (number, task) in tasks.enumerated() {
                do {
                    let answer = try await task.value
                    #expect(answer == number)
                } catch {
                    #expect((error as? PostgresError)?.reason == .poolExhausted)
                    refused += 1
                }
            }
            #expect((1..<100).contains(refused))
        }
    }

    @Test func `a closed pool refuses look-ups, those that wait for a connection too`() async throws {
        let pool = Pool(LookupFixtures.configuration(1))
        try await pool.withSession { _ in
            let tasks = await LookupFixtures.begin(0..<10) { try await pool.lookUp(LookupFixtures.echo($0)) }
            try await eventually { pool.counts.waiting > 0 }
            pool.close()
            for task in tasks { #expect(try await failure { try await task.value }.reason == .poolClosed) }
        }
        let late = Running.onPollers.start { try await pool.lookUp(LookupFixtures.echo(1)) }
        #expect(try await failure { try await late.value }.reason == .poolClosed)
    }
}
