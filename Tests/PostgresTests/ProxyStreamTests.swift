import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// What a bad network does to streams and COPYs.
@Suite struct ProxyStreamTests {
    private enum Way: Sendable, CaseIterable {
        case stream, copyOut, copyIn

        static let reading: [Way] = [.stream, .copyOut]
    }

    private static let count = 60
    private static let text = "ä€😀"

    private static let rows = Statement(
        "test.rows", "SELECT n, \(text) FROM generate_series(1, \(count)) AS n",
        all: { row in (try row.next(Int.self), try row.next(String.self)) })
    private static let endless = Statement(
        "test.endless", "SELECT generate_series(1, 1000000000)", all: { try $0.next(Int.self) })
    private static let inLedger = Statement(
        "test.count", "SELECT count(*) FROM ledger", one: { try $0.next(Int.self) })

    /// Does a transaction's work once. Whatever is read is right as far as it comes, and all of it when nothing is thrown.
    private func perform(_ way: Way, _ number: Int, _ pool: Pool) async throws {
        try await pool.withTransaction { transaction in
            switch way {
            case .stream:
                let last = try await transaction.stream(Self.rows) { rows in
                    var last = 0
                    for try await row in rows {
                        last += 1
                        #expect(row == (last, Self.text))
                    }
                    return last
                }
                #expect(last == Self.count)
            case .copyOut:
                let whole = (1...Self.count).map { "\($0)\n" }.joined()
                let text = try await transaction.copyOut(
                    "test.out", "COPY (SELECT generate_series(1, 60)) TO STDOUT"
                ) { chunks in
                    var text = ""
                    for try await chunk in chunks {
                        text += String(decoding: chunk, as: UTF8.self)
                        #expect(whole.hasPrefix(text) && text.hasSuffix("\n"))
                    }
                    return text
                }
                #expect(text == whole)
            case .copyIn:
                let taken = try await transaction.copyIn(
                    "test.in", "COPY ledger FROM STDIN (FORMAT binary)"
                ) { writer in
                    for _ in 0..<Self.count { try await writer.row(columns: 1) { $0.append(number) } }
                }
                #expect(taken == Self.count)
            }
        }
    }

    /// Reads or sends more than there is time for; `seen` is called with the number of each row or chunk.
    private func performEndlessly(
        _ way: Way, _ pool: Pool, _ seen: @Sendable (Int) async throws -> Void
    ) async throws {
        try await pool.withTransaction { transaction in
            var count = 0
            switch way {
            case .stream:
                try await transaction.stream(Self.endless) { rows in
                    for try await row in rows {
                        count += 1
                        if row != count { Issue.record("row \(count) is \(row)") }
                        try await seen(count)
                    }
                }
            case .copyOut:
                // In FROM the server would first make all of the series.
                try await transaction.copyOut(
                    "test.out",
                    "COPY (SELECT left(repeat('x', 99) || generate_series(1, 1000000000), 99)) TO STDOUT"
                ) { chunks in
                    for try await chunk in chunks {
                        count += 1
                        if !chunk.count.isMultiple(of: 100) { Issue.record("chunk \(count) ends within a row") }
                        try await seen(count)
                    }
                }
            case .copyIn:
                try await transaction.copyIn("test.in", "COPY ledger FROM STDIN (FORMAT binary)") { writer in
                    while true {
                        count += 1
                        try await writer.row(columns: 1) { $0.append(count) }
                        try await seen(count)
                    }
                }
            }
        }
    }

    @Test(arguments: Way.allCases, [1, 2, 7])
    private func `rows and data in pieces come out whole`(_ way: Way, _ largest: Int) async throws {
        try await withProxiedPool { proxy, pool, database in
            try await greetWhole(pool)
            proxy.change { $0.largestPiece = largest }
            let ledger = Ledger()
            for _ in 0..<2 { #expect(try await ledger.note { try await perform(way, $0, pool) } == nil) }
            #expect(proxy.conversations.count == 1)
            if way == .copyIn { try await ledger.check(database.configuration(), copies: Self.count) }
        }
    }

    @Test(arguments: Way.allCases)
    private func `on a slow network rows and data only take longer`(_ way: Way) async throws {
        try await withProxiedPool { proxy, pool, database in
            proxy.change { $0.delay = .milliseconds(5) }
            let (ledger, started) = (Ledger(), ContinuousClock.now)
            #expect(try await ledger.note { try await perform(way, $0, pool) } == nil)
            // Opening the session, BEGIN, the statement and COMMIT.
            #expect(ContinuousClock.now - started >= .milliseconds(40))
            if way == .copyIn { try await ledger.check(database.configuration(), copies: Self.count) }
        }
    }

    @Test(arguments: Way.allCases, [FaultyProxy.Direction.toServer, .toClient])
    private func `a cut anywhere is an error, never rows too few`(
        _ way: Way, _ direction: FaultyProxy.Direction
    ) async throws {
        try await withProxiedPool { proxy, pool, database in
            let ledger = Ledger()
            let whole = try await withPool(pool.configuration) { pool in
                #expect(try await ledger.note { try await perform(way, $0, pool) } == nil)
                return try #require(proxy.conversations.last)
            }
            let (length, commit) = (whole.passed(direction), whole.passedBeforeLastTurn(direction))
            let limits =
                Array(stride(from: 0, to: commit, by: max(1, commit / 100)))
                + Array(stride(from: commit, to: length - 6, by: 3)) + Array(length - 6...length)
            // Once COMMIT is answered, that the session is ready for more (6 bytes) need not be heard.
            try await proxy.cut(direction, after: limits, of: whole, unheard: 6) {
                try await ledger.note { try await perform(way, $0, pool) }
            }
            #expect(try await ledger.note { try await perform(way, $0, pool) } == nil)
            #expect(ledger.unknown > 0 && pool.counts == (1, 1, 0))
            // Of a COPY that was not committed no row is there, and of one that was, all are.
            if way == .copyIn { try await ledger.check(database.configuration(), copies: Self.count) }
        }
    }

    @Test(arguments: Way.reading, [65_536, 300_000, 1_000_000])
    private func `a reading that is cut far from its beginning is an error`(_ way: Way, _ bytes: Int) async throws {
        try await withProxiedPool { proxy, pool, _ in
            _ = try await pool.pipeline(Queries.backend)
            let passed = try #require(proxy.conversations.last).bytesToClient
            proxy.change { $0.cutAfter = [.toClient: passed + bytes] }
            let seen = Shared(0)
            let error = try await failure {
                try await performEndlessly(way, pool) { count in seen.change { $0 = count } }
            }
            guard case .connection = error.reason else { throw error }
            #expect(seen.value > 0 && error.isUnavailable)
            proxy.change { $0.cutAfter = [:] }
            #expect(try await pool.pipeline(Queries.backend) > 0)
        }
    }

    @Test(arguments: Way.allCases, [FaultyProxy.Direction.toServer, .toClient])
    private func `a network that went silent in the middle is given up at the deadline`(
        _ way: Way, _ direction: FaultyProxy.Direction
    ) async throws {
        try await withProxiedPool {
            $0.transactionTimeout = .milliseconds(500)
            $0.grace = .milliseconds(300)
        } _: { proxy, pool, _ in
            let started = ContinuousClock.now
            let error = try await failure {
                try await performEndlessly(way, pool) { if $0 == 3 { proxy.change { $0.frozen = [direction] } } }
            }
            #expect(error.reason == .deadline)
            // The deadline, and the moment for the server to answer the request to stop.
            #expect(ContinuousClock.now - started < .seconds(6))
            proxy.change { $0.frozen = [] }
            try await eventually {
                do { return try await pool.pipeline(Self.inLedger) == 0 } catch { return false }
            }
            #expect(pool.statistics.discarded > 0)
        }
    }
}
