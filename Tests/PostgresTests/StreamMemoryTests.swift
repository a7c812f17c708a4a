import TestSupport
import Testing

@testable import Postgres

/// How much memory long streams take, each in a process of its own.
@Suite(.fewAtATime) struct StreamMemoryTests {
    @Test func `200,000 rows of 1 KB are read in bounded memory`() async {
        await #expect(processExitsWith: .success) {
            try await withPool(TestServer.configuration(maximumConnections: 1)) { pool in
                let statement = Statement(
                    "test.large", "SELECT repeat(chr(65 + n % 26), 1024) FROM generate_series(1, 200000) AS n",
                    all: { try $0.next(String.self) })
                try await pool.withTransaction { transaction in
                    try await transaction.stream(statement) { rows in
                        var (count, before, most) = (0, 0, 0)
                        for try await row in rows {
                            count += 1
                            if count == 1000 { before = try ProcessUse.memory() }
                            if count % 1000 == 0 { most = max(most, try ProcessUse.memory()) }
                            if row.utf8.count != 1024 { Issue.record("row \(count) has another length") }
                        }
                        #expect(count == 200_000)
                        #expect(most - before < 30_000_000)
                    }
                }
            }
        }
    }

    @Test(.ownProcess) func `10,000,000 rows are read in bounded memory`() async {
        await #expect(processExitsWith: .success) {
            var configuration = TestServer.configuration(maximumConnections: 1)
            configuration.transactionTimeout = .seconds(600)
            try await withPool(configuration) { pool in
                let numbers = Statement(
                    "test.numbers", "SELECT generate_series(1, \(10_000_000))", all: { try $0.next(Int.self) })
                try await pool.withTransaction { transaction in
                    try await transaction.stream(numbers) { rows in
                        var (count, before) = (0, 0)
                        for try await number in rows {
                            count += 1
                            if count == 1000 { before = try ProcessUse.memory() }
                            if number != count { Issue.record("row \(count) is \(number)") }
                        }
                        #expect(count == 10_000_000)
                        let after = try ProcessUse.memory()
                        #expect(after - before < 8_000_000)
                    }
                }
            }
        }
    }
}
