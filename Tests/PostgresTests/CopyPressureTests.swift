import TestSupport
import Testing

@testable import Postgres

/// COPYs of which one side is slower, or stops early.
@Suite(.fewAtATime) struct CopyPressureTests {
    private struct OwnError: Error, Equatable { let number: Int }

    private static let endless: StaticString = "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"

    @Test func `a closure that returns early stops the COPY, and the transaction goes on and commits`() async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            var configuration = database.configuration(maximumConnections: 1)
            configuration.grace = .seconds(30)
            try await withPool(configuration) { pool in
                let backend = try await pool.pipeline(Queries.backend)
                let began = ContinuousClock.now
                try await pool.withTransaction { transaction in
                    for _ in 0..<3 {
                        let first = try await transaction.copyOut("test.out", Self.endless) { chunks in
                            for try await chunk in chunks { return Array(chunk.prefix(4)) }
                            return []
                        }
                        #expect(first == Array("1\n2\n".utf8))
                        _ = try await transaction.run(Statement("test.insert", "INSERT INTO t VALUES (1)"))
                    }
                    try await transaction.copyOut("test.out", Self.endless) { _ in }
                }
                #expect(ContinuousClock.now - began < .seconds(20))
                #expect(try await database.number("SELECT count(*) FROM t") == 3)
                #expect(try await pool.pipeline(Queries.backend) == backend)
            }
        }
    }

    @Test func `an error of the reader comes out unchanged, and the transaction can go on`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.grace = .seconds(30)
        try await withPool(configuration) { pool in
            let backend = try await pool.pipeline(Queries.backend)
            let after = try await pool.withTransaction { transaction async throws in
                await #expect(throws: OwnError(number: 1)) {
                    try await transaction.copyOut("test.out", Self.endless) { chunks in
                        for try await _ in chunks { throw OwnError(number: 1) }
                    }
                }
                return try await transaction.run(Queries.backend)
            }
            #expect(after == backend)
        }
    }

    @Test func `chunks that are read after the closure has returned are an error`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.grace = .seconds(30)
        try await withPool(configuration) { pool in
            try await pool.withTransaction { transaction in
                let chunks = try await transaction.copyOut("test.out", Self.endless) { $0 }
                let error = try await failure { for try await _ in chunks {} }
                #expect(error.reason == .protocolViolation("test.out was read after its closure had returned"))
            }
        }
    }

    @Test func `what is no COPY TO STDOUT is an error, and the connection is replaced`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
            for statement in ["SELECT 1", "COPY pg_am FROM STDIN"] as [StaticString] {
                let error = try await failure {
                    try await pool.withTransaction { try await $0.copyOut("test.out", statement) { _ in } }
                }
                #expect(error.reason == .protocolViolation("test.out is not COPY TO STDOUT") || error.state != nil)
                #expect(try await pool.pipeline(Queries.backend) > 0)
            }
        }
    }

    /// The table `t`, whose inserts wait while somebody holds the advisory lock 1.
    private static let waitingTable = """
        CREATE TABLE t (n int);
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN new; END $$;
        CREATE TRIGGER wait BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION wait();
        """

    // A pooler takes in some of the data itself.
    @Test(.enabled(if: !TestServer.isPooled), arguments: Running.allCases)
    func `a source is not asked ahead while the server is busy`(_ running: Running) async throws {
        try await withDatabase { database in
            try await database.execute(Self.waitingTable)
            let chunks = Chunks { number in
                number < 100 ? Array(repeatElement(Array("1\n".utf8), count: 100).joined()) + [UInt8](pad) : nil
            }
            let (locked, release) = (Gate(), Gate())
            let holder = Task {
                try await Connection.with(database.configuration()) { connection in
                    try await connection.run(Statement(effect: "test.lock", "SELECT pg_advisory_lock(1)"))
                    locked.open()
                    await release.wait()
                }
            }
            await locked.wait(orEndOf: holder)
            try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let task = running.start {
                    try await pool.withTransaction { try await $0.copyIn("test.in", "COPY t FROM STDIN", from: chunks) }
                }
                let waiting = Statement(
                    "test.waiting",
                    """
                    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                        AND database = (SELECT oid FROM pg_database WHERE datname = \(database.name))
                    """, one: { try $0.next(Int.self) })
                try await eventually { try await observe(waiting) == 1 }
                // The sender is still when nothing more was asked for while the server was asked ten times.
                var (before, still) = (-1, 0)
                try await eventually {
                    let now = chunks.asked.value
                    still = now == before ? still + 1 : 0
                    before = now
                    return still == 10
                }
                #expect(before < 20)
                release.open()
                #expect(try await task.value == 100 * 101)
                try await holder.value
            }
        }
    }

    /// One more row, of zeros, that makes a chunk 64 KB long.
    private var pad: [UInt8] { [UInt8](repeating: UInt8(ascii: "0"), count: 64_000) + Array("1\n".utf8) }

    @Test func `a slow reader makes the server wait`() async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.grace = .seconds(30)
        try await withPool(configuration) { pool in
            try await pool.withTransaction { transaction in
                let backend = try await transaction.run(Queries.backend)
                let waits = Statement(
                    "test.waits",
                    """
                    SELECT EXISTS (
                        SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND wait_event = 'ClientWrite')
                    """,
                    one: { try $0.next(Bool.self) })
                try await transaction.copyOut("test.out", Self.endless) { chunks in
                    for try await _ in chunks.prefix(1) { try await eventually { try await observe(waits) } }
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func `200 MB in either direction need little memory`(_ isOut: Bool) async throws {
        if isOut {
            await #expect(processExitsWith: .success) { try await CopyPressureTests.measureOut() }
        } else {
            await #expect(processExitsWith: .success) { try await CopyPressureTests.measureIn() }
        }
    }

    @Test func `a chunk of any size needs little memory besides`() async {
        await #expect(processExitsWith: .success) {
            try await withPool { pool in
                let row = [UInt8](repeating: UInt8(ascii: "x"), count: 99_999) + [UInt8(ascii: "\n")]
                let chunk = (0..<3000).reduce(into: []) { chunk, _ in chunk += row }
                let before = try ProcessUse.memory()
                try await pool.withTransaction { transaction in
                    try await transaction.execute(
                        script: "CREATE TEMPORARY TABLE t (x text) ON COMMIT DROP", name: "setup")
                    let count = try await transaction.copyIn(
                        "test.in", "COPY t FROM STDIN", from: Chunks { $0 == 0 ? chunk : nil })
                    #expect(count == 3000)
                    // While the connection, with libpq's buffers, is still there.
                    #expect(try ProcessUse.memory() - before < 20_000_000)
                }
            }
        }
    }

    private static func measureOut() async throws {
        try await withPool { pool in
            try await pool.withTransaction { transaction in
                try await transaction.copyOut(
                    "test.out", "COPY (SELECT repeat('x', 10000) FROM generate_series(1, 20000)) TO STDOUT"
                ) { chunks in
                    var (bytes, before, most) = (0, 0, 0)
                    for try await chunk in chunks {
                        bytes += chunk.count
                        if before == 0 { before = try ProcessUse.memory() }
                        most = max(most, try ProcessUse.memory())
                    }
                    #expect(bytes == 20_000 * 10_001)
                    #expect(most - before < 10_000_000)
                }
            }
        }
    }

    private static func measureIn() async throws {
        try await withPool { pool in
            try await pool.withTransaction { transaction in
                try await transaction.execute(script: "CREATE TEMPORARY TABLE t (x text) ON COMMIT DROP", name: "setup")
                let block = Array(repeatElement(UInt8(ascii: "x"), count: 99_999)) + [UInt8(ascii: "\n")]
                let (before, most) = (Shared(0), Shared(0))
                _ = try await transaction.copyIn(
                    "test.in", "COPY t FROM STDIN",
                    from: Chunks { number in
                        let now = try ProcessUse.memory()
                        if number == 10 { before.change { $0 = now } }
                        most.change { $0 = max($0, now) }
                        return number < 2000 ? block : nil
                    })
                #expect(most.value - before.value < 10_000_000)
            }
        }
    }
}
