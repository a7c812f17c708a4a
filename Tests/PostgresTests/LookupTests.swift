import TestSupport
import Testing

@testable import Postgres

/// Look-ups on the pollers' threads, where they travel together.
@Suite struct LookupTests {
    @Test(arguments: Running.allCases) func `a look-up answers as a pipeline does`(_ running: Running) async throws {
        try await withPool { pool in
            let (number, text) = try await running.start {
                try await pool.lookUp(prelude: [LookupFixtures.set(7)], LookupFixtures.echo(3), LookupFixtures.number)
            }.value
            #expect(number == 3 && text == "7")
        }
    }

    @Test func `look-ups of one moment need one connection, and each gets its own answers`() async throws {
        try await withPool(LookupFixtures.configuration(10)) { pool in
            let tasks = await LookupFixtures.begin(0..<30) { number in
                try await pool.lookUp(
                    prelude: [LookupFixtures.set(number)], LookupFixtures.echo(number), LookupFixtures.number)
            }
            for (number, task) in tasks.enumerated() {
                let (echo, text) = try await task.value
                #expect(echo == number && text == "\(number)")
            }
            #expect(pool.statistics.created == 1)
            // Pipelines take as many as there are.
            _ = try await LookupFixtures.values(
                LookupFixtures.begin(0..<30) { try await pool.pipeline(LookupFixtures.echo($0)) })
            #expect(pool.statistics.created == 10)
        }
    }

    @Test func `more than one trip holds are answered too`() async throws {
        try await withPool { pool in
            let tasks = await LookupFixtures.begin(0..<500) { try await pool.lookUp(LookupFixtures.echo($0)) }
            let values = try await LookupFixtures.values(tasks)
            #expect(values == Array(0..<500))
            #expect(pool.counts.waiting == 0 && pool.counts.idle == pool.counts.open)
        }
    }

    @Test func `nothing that one sets is seen by another`() async throws {
        try await withPool(LookupFixtures.configuration(1)) { pool in
            let tasks = await LookupFixtures.begin(0..<20) { number in
                try await pool.lookUp(
                    prelude: number % 2 == 0 ? [LookupFixtures.set(number)] : [], LookupFixtures.number)
            }
            for (number, task) in tasks.enumerated() {
                let text = try await task.value ?? ""
                #expect(text == (number % 2 == 0 ? "\(number)" : ""))
            }
        }
    }

    @Test func `one that fails fails alone, by its own name`() async throws {
        try await withPool { pool in
            let tasks = await LookupFixtures.begin(0..<10) { number in
                number == 3
                    ? try await pool.lookUp(LookupFixtures.divide(by: 0))
                    : try await pool.lookUp(LookupFixtures.echo(number))
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
                let tasks = await LookupFixtures.begin(0..<10) { number in
                    number == 0
                        ? try await pool.lookUp(Statement<Int>("test.insert", "INSERT INTO t VALUES (1)"))
                        : try await pool.lookUp(LookupFixtures.echo(number))
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
                    let tasks = await LookupFixtures.begin(0..<10) { _ in try await pool.lookUp(all) }
                    #expect(try await LookupFixtures.values(tasks) == Array(repeating: 1, count: 10))
                    try await database.execute("ALTER TABLE t ADD more int")
                    try await database.execute(
                        "ALTER TABLE t RENAME COLUMN more TO more_\(Int.random(in: 0..<1 << 30))")
                }
            }
        }
    }
}
