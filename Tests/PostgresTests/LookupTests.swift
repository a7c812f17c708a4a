import TestSupport
import Testing

@testable import Postgres

/// Look-ups on the pollers' threads, where they travel together.
@Suite struct LookupTests {
    private static func echo(_ number: Int) -> Statement<Int> {
        Statement("test.echo", "SELECT \(number)", one: { try $0.next() })
    }

    private static func set(_ number: Int) -> Statement<Void> {
        Statement(effect: "test.set", "SELECT set_config('test.number', \("\(number)"), true)")
    }

    private static let number = Statement(
        "test.number", "SELECT current_setting('test.number', true)", one: { try $0.nextIfPresent(String.self) })

    private static func divide(by number: Int) -> Statement<Int> {
        Statement("test.divide", "SELECT 10 / \(number)", one: { try $0.next() })
    }

    /// Begins the body for each number at the same moment, all on one poller's thread.
    private static func begin<Result: Sendable>(
        _ numbers: Range<Int>, on poller: Poller = PollingExecutor.shared.pollers[0],
        _ body: @escaping @Sendable @concurrent (Int) async throws -> Result
    ) async -> [Task<Result, any Error>] {
        await withCheckedContinuation { continuation in
            poller.execute {
                continuation.resume(
                    returning: numbers.map { number in Running.onPollers.start { try await body(number) } })
            }
        }
    }

    private static func values<Result>(_ tasks: [Task<Result, any Error>]) async throws -> [Result] {
        var values: [Result] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }

    /// Holds a lock that look-ups with ``waiting(for:)`` wait for.
    private static func holding(_ body: (_ lock: Int64) async throws -> Void) async throws {
        let lock = Int64.random(in: .min ... .max)
        try await Connection.with(TestServer.observer) { connection in
            try await connection.run(Statement(effect: "test.lock", "SELECT pg_advisory_lock(\(lock))"))
            try await body(lock)
        }
    }

    private static func waiting(for lock: Int64) -> Statement<Void> {
        Statement(effect: "test.wait", "SELECT pg_advisory_xact_lock_shared(\(lock))")
    }

    private static func waits(_ backend: Int) -> Statement<Bool> {
        Statement(
            "test.waits",
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND wait_event = 'advisory')",
            one: { try $0.next() })
    }

    private static func configuration(
        _ connections: Int = 4, waiters: Int = 1000, timeout: Duration = .seconds(60)
    ) -> Configuration {
        var configuration = TestServer.configuration(maximumConnections: connections)
        configuration.maximumWaiters = waiters
        configuration.transactionTimeout = timeout
        return configuration
    }

    @Test(arguments: Running.allCases) func `a look-up answers as a pipeline does`(_ running: Running) async throws {
        try await withPool { pool in
            let (number, text) = try await running.start {
                try await pool.lookUp(prelude: [Self.set(7)], Self.echo(3), Self.number)
            }.value
            #expect(number == 3 && text == "7")
        }
    }

    @Test func `look-ups of one moment need one connection, and each gets its own answers`() async throws {
        try await withPool(Self.configuration(10)) { pool in
            let tasks = await Self.begin(0..<30) { number in
                try await pool.lookUp(prelude: [Self.set(number)], Self.echo(number), Self.number)
            }
            for (number, task) in tasks.enumerated() {
                let (echo, text) = try await task.value
                #expect(echo == number && text == "\(number)")
            }
            #expect(pool.statistics.created == 1)
            // Pipelines take as many as there are.
            _ = try await Self.values(Self.begin(0..<30) { try await pool.pipeline(Self.echo($0)) })
            #expect(pool.statistics.created == 10)
        }
    }

    @Test func `more than one trip holds are answered too`() async throws {
        try await withPool { pool in
            let tasks = await Self.begin(0..<500) { try await pool.lookUp(Self.echo($0)) }
            let values = try await Self.values(tasks)
            #expect(values == Array(0..<500))
            #expect(pool.counts.waiting == 0 && pool.counts.idle == pool.counts.open)
        }
    }

    @Test func `nothing that one sets is seen by another`() async throws {
        try await withPool(Self.configuration(1)) { pool in
            let tasks = await Self.begin(0..<20) { number in
                try await pool.lookUp(prelude: number % 2 == 0 ? [Self.set(number)] : [], Self.number)
            }
            for (number, task) in tasks.enumerated() {
                let text = try await task.value ?? ""
                #expect(text == (number % 2 == 0 ? "\(number)" : ""))
            }
        }
    }

    @Test func `one that fails fails alone, by its own name`() async throws {
        try await withPool { pool in
            let tasks = await Self.begin(0..<10) { number in
                number == 3
                    ? try await pool.lookUp(Self.divide(by: 0)) : try await pool.lookUp(Self.echo(number))
            }
            for (number, task) in tasks.enumerated() where number != 3 { #expect(try await task.value == number) }
            let error = try await failure { try await tasks[3].value }
            #expect(error.state == .divisionByZero && error.statement == "test.divide")
        }
    }

    @Test func `what writes is refused, and its neighbours are answered`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 2)) { pool in
                let tasks = await Self.begin(0..<10) { number in
                    number == 0
                        ? try await pool.lookUp(Statement<Int>("test.insert", "INSERT INTO t VALUES (1)"))
                        : try await pool.lookUp(Self.echo(number))
                }
                let error = try await failure { try await tasks[0].value }
                #expect(error.state == .readOnlySQLTransaction)
                for number in 1..<10 { #expect(try await tasks[number].value == number) }
                let count = Statement("test.count", "SELECT count(*) FROM t", one: { try $0.next(Int.self) })
                #expect(try await pool.pipeline(count) == 0)
            }
        }
    }

    @Test func `a statement that fits the schema no longer is prepared anew`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
            let all = Statement("test.all", "SELECT * FROM t", one: { try $0.next(Int32.self) })
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                for _ in 0..<2 {
                    let tasks = await Self.begin(0..<10) { _ in try await pool.lookUp(all) }
                    #expect(try await Self.values(tasks) == Array(repeating: 1, count: 10))
                    try await database.execute("ALTER TABLE t ADD more int")
                    try await database.execute(
                        "ALTER TABLE t RENAME COLUMN more TO more_\(Int.random(in: 0..<1 << 30))")
                }
            }
        }
    }

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
                    slow += await Self.begin(0..<1) { _ in try await pool.lookUp(Queries.sleep) }
                    try await eventually { try await observe(asleep) == number }
                }
                for _ in 0..<5 {
                    let tasks = await Self.begin(0..<20) { try await pool.lookUp(Self.echo($0)) }
                    #expect(try await Self.values(tasks) == Array(0..<20))
                }
                #expect(try await observe(asleep) == 3)
                for task in slow { task.cancel() }
                for task in slow { #expect(try await failure { try await task.value }.reason == .cancelled) }
            }
        }
    }

    @Test func `those who wait behind slow ones leave after a moment, even if nobody comes any more`() async throws {
        try await withPool(Self.configuration(4)) { pool in
            try await Self.holding { lock in
                let tasks = await Self.begin(0..<80) { number in
                    // The first trips are full of those that wait; what is left over is quick.
                    if number < 64 { try await pool.lookUp(Self.waiting(for: lock)) }
                    return try await pool.lookUp(Self.echo(number))
                }
                let values = try await Self.values(Array(tasks[64...]))
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
        try await withPool(Self.configuration(1)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            var tasks: [Task<Int, any Error>] = []
            try await Self.holding { lock in
                tasks = await Self.begin(0..<10) { try await pool.lookUp(Self.waiting(for: lock), Self.echo($0)).1 }
                try await eventually { try await observe(Self.waits(backend)) }
                tasks[4].cancel()
                #expect(try await failure { try await tasks[4].value }.reason == .cancelled)
                #expect(try await observe(Self.waits(backend)))
            }
            for number in 0..<10 where number != 4 { #expect(try await tasks[number].value == number) }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `the server is told to stop when nobody waits for its answer any more`() async throws {
        try await withPool(Self.configuration(1)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let tasks = await Self.begin(0..<3) { _ in try await pool.lookUp(Queries.sleep) }
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
                return try await pool.lookUp(Self.echo(1))
            }
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled && pool.statistics.created == 0)
        }
    }

    /// - Parameter before: how many of the look-ups the server has done when the connection breaks.
    @Test(arguments: [0, 3]) func `look-ups whose connection breaks are run again`(before: Int) async throws {
        try await withPool(Self.configuration(4)) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            var tasks: [Task<String, any Error>] = []
            try await Self.holding { lock in
                // More than the server keeps to itself before it sends.
                let text = Statement(
                    "test.text", "SELECT repeat('x', 20000)", one: { try $0.next(String.self) })
                tasks = await Self.begin(0..<10) { number in
                    number < before
                        ? try await pool.lookUp(text) : try await pool.lookUp(Self.waiting(for: lock), text).1
                }
                try await eventually { try await observe(Self.waits(backend)) }
                #expect(try await observe(Queries.terminate(backend)))
                try await eventually { try await !observe(Queries.lives(backend)) }
            }
            for task in tasks { #expect(try await task.value == String(repeating: "x", count: 20000)) }
        }
    }

    @Test(arguments: [1, 3]) func `the time limit ends a trip, and those on it are told`(number: Int) async throws {
        try await withPool(Self.configuration(2, timeout: .milliseconds(300))) { pool in
            for task in await Self.begin(0..<number, { _ in try await pool.lookUp(Queries.sleep) }) {
                let error = try await failure { try await task.value }
                #expect(error.reason == .deadline)
                // Of several it is not known whose statement took so long.
                #expect((error.statement == "test.sleep") == (number == 1) && (error.report == nil || number == 1))
            }
            #expect(try await pool.lookUp(Self.echo(1)) == 1)
        }
    }

    @Test func `few prepared statements and large values are no hindrance`() async throws {
        var configuration = Self.configuration(1)
        configuration.preparedStatementLimit = 1
        try await withPool(configuration) { pool in
            for _ in 0..<3 {
                let tasks = await Self.begin(0..<20) { number in
                    let text = String(repeating: "\(number % 10)", count: 10_000)
                    let length = Statement(
                        "test.length", "SELECT length(\(text))::bigint", one: { try $0.next(Int.self) })
                    return try await pool.lookUp(number % 2 == 0 ? length : Self.echo(number))
                }
                let values = try await Self.values(tasks)
                #expect(values == (0..<20).map { $0 % 2 == 0 ? 10_000 : $0 })
            }
        }
    }

    @Test func `where nobody may wait for a connection there are look-ups all the same`() async throws {
        try await withPool(Self.configuration(4, waiters: 0)) { pool in
            let values = try await Self.values(Self.begin(0..<20) { try await pool.lookUp(Self.echo($0)) })
            #expect(values == Array(0..<20))
        }
    }

    @Test func `more than may wait are refused, and the others answered`() async throws {
        try await withPool(Self.configuration(1, waiters: 5)) { pool in
            let tasks = await Self.begin(0..<100) { try await pool.lookUp(Self.echo($0)) }
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
        let pool = Pool(Self.configuration(1))
        try await pool.withSession { _ in
            let tasks = await Self.begin(0..<10) { try await pool.lookUp(Self.echo($0)) }
            try await eventually { pool.counts.waiting > 0 }
            pool.close()
            for task in tasks { #expect(try await failure { try await task.value }.reason == .poolClosed) }
        }
        let late = Running.onPollers.start { try await pool.lookUp(Self.echo(1)) }
        #expect(try await failure { try await late.value }.reason == .poolClosed)
    }
}
