import TestSupport
import Testing

@testable import Postgres

/// Streams and COPYs that somebody or something ends from outside.
@Suite(.fewAtATime) struct StreamInterruptionTests {
    private static let endless = Statement(
        "test.endless", "SELECT generate_series(1, 1000000000)", all: { try $0.next(Int.self) })

    private func withOneConnection(
        timeout: Duration = .seconds(60), _ body: (Pool, _ backend: Int) async throws -> Void
    ) async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.grace = .seconds(30)
        configuration.transactionTimeout = timeout
        try await withPool(configuration) { pool in try await body(pool, try await pool.pipeline(Queries.backend)) }
    }

    /// Reads for ever; `seen` is called with the number of each row or chunk.
    private static func read(
        _ pool: Pool, isCopy: Bool, seen: @Sendable (Int) async throws -> Void = { _ in }
    ) async throws {
        try await pool.withTransaction { transaction in
            if isCopy {
                try await transaction.copyOut(
                    "test.copy", "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"
                ) { chunks in
                    var count = 0
                    for try await _ in chunks {
                        count += 1
                        try await seen(count)
                    }
                }
            } else {
                try await transaction.stream(endless) { rows in for try await number in rows { try await seen(number) }
                }
            }
        }
    }

    @Test(arguments: [true, false], Running.allCases)
    func `cancelling while rows are read stops the server and keeps the connection`(
        _ isCopy: Bool, _ running: Running
    ) async throws {
        try await withOneConnection { pool, backend in
            let started = Gate()
            let task = running.start {
                try await Self.read(pool, isCopy: isCopy) { if $0 == 10 { started.open() } }
            }
            await started.wait(orEndOf: task)
            let began = ContinuousClock.now
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false])
    func `cancelling while the closure does something else ends with the closure's error`(_ isCopy: Bool) async throws {
        try await withOneConnection { pool, backend async throws in
            let started = Gate()
            let task = Task {
                try await Self.read(pool, isCopy: isCopy) { _ in
                    started.open()
                    try await untilCancelled()
                }
            }
            await started.wait(orEndOf: task)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false], Running.allCases)
    func `the deadline ends a reading that never ends`(_ isCopy: Bool, _ running: Running) async throws {
        try await withOneConnection(timeout: .milliseconds(300)) { pool, backend in
            let task = running.start { try await Self.read(pool, isCopy: isCopy) }
            let began = ContinuousClock.now
            let error = try await failure { try await task.value }
            #expect(error.reason == .deadline)
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `the deadline ends a reading that waits for the server`() async throws {
        try await withOneConnection(timeout: .milliseconds(300)) { pool, backend in
            let slow = Statement(
                "test.slow", "SELECT pg_sleep(60)::text FROM generate_series(1, 2)", all: { try $0.next(String.self) })
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    try await transaction.stream(slow) { rows in for try await _ in rows {} }
                }
            }
            #expect(error.reason == .deadline && error.statement == "test.slow")
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test(arguments: [true, false])
    func `a backend that dies in the middle ends the reading`(_ isCopy: Bool) async throws {
        try await withOneConnection { pool, backend in
            let error = try await failure {
                try await Self.read(pool, isCopy: isCopy) {
                    if $0 == 10 { _ = try await observe(Queries.terminate(backend)) }
                }
            }
            #expect(error.isUnavailable, "\(error)")
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    @Test(arguments: [true, false])
    func `a backend that dies under a closure that does not read on leaves an error`(_ isCopy: Bool) async throws {
        try await withOneConnection { pool, backend in
            let error = try await failure {
                try await pool.withTransaction { transaction in
                    if isCopy {
                        try await transaction.copyOut(
                            "test.copy", "COPY (SELECT generate_series(1, 9999999)) TO STDOUT"
                        ) {
                            for try await _ in $0.prefix(1) { _ = try await observe(Queries.terminate(backend)) }
                        }
                    } else {
                        try await transaction.stream(Self.endless) {
                            for try await _ in $0.prefix(1) { _ = try await observe(Queries.terminate(backend)) }
                        }
                    }
                }
            }
            #expect(error.isUnavailable, "\(error)")
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }

    private static func chunk(_ number: Int) -> [UInt8] { Array(repeatElement("1\n", count: 4096).joined().utf8) }

    private func withTable(
        timeout: Duration = .seconds(60), _ body: (Pool, _ backend: Int) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (n int)")
            var configuration = database.configuration(maximumConnections: 1)
            configuration.grace = .seconds(30)
            configuration.transactionTimeout = timeout
            try await withPool(configuration) { pool in try await body(pool, try await pool.pipeline(Queries.backend)) }
            #expect(try await database.number("SELECT count(*) FROM t") == 0)
        }
    }

    private static func send(_ pool: Pool, _ chunks: Chunks) async throws {
        try await pool.withTransaction { transaction in
            _ = try await transaction.copyIn("test.copy", "COPY t FROM STDIN", from: chunks)
        }
    }

    @Test(arguments: Running.allCases)
    func `cancelling while data are sent undoes the COPY and keeps the connection`(_ running: Running) async throws {
        try await withTable { pool, backend in
            let started = Gate()
            let task = running.start {
                try await Self.send(
                    pool,
                    Chunks { number in
                        if number == 100 { started.open() }
                        return Self.chunk(number)
                    })
            }
            await started.wait(orEndOf: task)
            task.cancel()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
            #expect(try await pool.pipeline(Queries.backend) > 0)
        }
    }

    @Test func `cancelling while the source waits ends with the source's error`() async throws {
        try await withTable { pool, backend async throws in
            let started = Gate()
            let task = Task {
                try await Self.send(
                    pool,
                    Chunks { number in
                        if number < 3 { return Self.chunk(number) }
                        started.open()
                        try await untilCancelled()
                    })
            }
            await started.wait(orEndOf: task)
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `the deadline ends a sending that never ends`() async throws {
        try await withTable(timeout: .milliseconds(300)) { pool, _ in
            let began = ContinuousClock.now
            let error = try await failure { try await Self.send(pool, Chunks { Self.chunk($0) }) }
            #expect(error.reason == .deadline)
            #expect(ContinuousClock.now - began < .seconds(20))
        }
    }

    /// The server waits for data for longer than its own limit: it looks at that only when more have come.
    private static func isOverdue(_ backend: Int) -> Statement<Bool> {
        Statement(
            "test.overdue",
            """
            SELECT EXISTS (
                SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND state = 'active'
                    AND query LIKE 'COPY %' AND clock_timestamp() - query_start > '1500 ms')
            """, one: { try $0.next() })
    }

    @Test(arguments: [true, false])
    func `a source that is stuck for longer than the server's own limit is ended with its next chunk`(
        _ isCancelled: Bool
    ) async throws {
        try await withTable(timeout: .milliseconds(300)) { pool, backend in
            let started = Gate()
            let chunks = Chunks { number in
                if number == 1 {
                    started.open()
                    // A task of its own, which nobody cancels.
                    try await Task { try await eventually { try await observe(Self.isOverdue(backend)) } }.value
                }
                return Self.chunk(number)
            }
            let task = Task { try await Self.send(pool, chunks) }
            await started.wait(orEndOf: task)
            if isCancelled { task.cancel() }
            let error = try await failure { try await task.value }
            #expect(error.reason == (isCancelled ? .cancelled : .deadline))
            #expect(chunks.asked.value == 2)
            #expect(try await pool.pipeline(Queries.backend) == backend)
        }
    }

    @Test func `a backend that dies in the middle ends the sending`() async throws {
        try await withTable { pool, backend in
            let error = try await failure {
                try await Self.send(
                    pool,
                    Chunks { number in
                        if number == 100 { _ = try await observe(Queries.terminate(backend)) }
                        return Self.chunk(number)
                    })
            }
            #expect(error.isUnavailable, "\(error)")
            #expect(try await pool.pipeline(Queries.backend) != backend)
        }
    }
}
