import TestSupport
import Testing

@testable import Postgres

@Suite struct CopyRefusalTests {
    private func message(_ type: Character, _ body: String) -> [UInt8] {
        let length = UInt32(body.utf8.count + 4)
        return [type.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body.utf8
    }

    private func isIn(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes(CopyRefusal.isIn) }

    private var error: [UInt8] { message("E", "SFEHLER\0VERROR\0C22P02\0Mbad\0\0") }
    private var notice: [UInt8] { message("N", "SNOTICE\0VNOTICE\0C00000\0MEs\0\0") }

    @Test func `an error is seen, also after notices, notifications and changed parameters`() {
        let others = notice + message("A", "\0\0\u{1}\0jobs\0E\0") + message("S", "TimeZone\0UTC\0")
        #expect(isIn(error))
        #expect(isIn(others + error))
        #expect(isIn(message("E", "SFATAL\0VFATAL\0C57P01\0M\0\0")))
        #expect(isIn(message("E", "SPANIC\0VPANIC\0CXX000\0M\0\0")))
        #expect(!isIn(others))
        #expect(!isIn([]))
    }

    /// Gives the server a row that it refuses after notices for the others, and `more` once it has.
    private func copyRefused(_ more: @escaping @Sendable (Int) -> [UInt8]?) async throws -> PostgresError {
        try await withDatabase { database in
            try await database.execute(
                """
                CREATE TABLE t (n int);
                CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE NOTICE 'row %', new.n;
                    IF new.n = 100 THEN RAISE 'no more' USING ERRCODE = '23514'; END IF;
                    RETURN new;
                END $$;
                CREATE TRIGGER tell BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell()
                """)
            let isRefused = Statement(
                "test.refused",
                """
                SELECT EXISTS (
                    SELECT FROM pg_stat_activity
                    WHERE datname = \(database.name) AND state = 'idle in transaction (aborted)')
                """, one: { try $0.next(Bool.self) })
            let rows = Array((1...100).map { "\($0)\n" }.joined().utf8)
            return try await withPool(database.configuration(maximumConnections: 1)) { pool in
                let task = Task {
                    try await pool.withTransaction { transaction in
                        try await transaction.copyIn(
                            "test.in", "COPY t FROM STDIN",
                            from: Chunks { number in
                                if number == 0 { return rows }
                                if number == 1 { try await eventually { try await observe(isRefused) } }
                                return more(number)
                            })
                    }
                }
                let error = try await failure { try await task.value }
                #expect(try await pool.pipeline(Queries.backend) > 0)
                return error
            }
        }
    }

    @Test func `an error behind many notices ends an endless source`() async throws {
        let error = try await copyRefused { number in
            if number == 10_000 { Issue.record("the error was not seen") }
            return number < 10_000 ? Array("1\n".utf8) : nil
        }
        #expect(error.state == .checkViolation && error.reason == .server)
    }

    @Test func `what ends a COPY that was refused before tells of it`() async throws {
        let error = try await copyRefused { _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return Array("1\n".utf8)
        }
        #expect(error.reason == .cancelled && error.state == .checkViolation && error.statement == "test.in")
    }

    @Test func `a part of a message is not taken for an error`() {
        for count in 0..<18 { #expect(!isIn(Array(error.prefix(count)))) }
        for count in 1..<notice.count { #expect(!isIn(Array(notice.dropFirst(count)))) }
        #expect(!isIn(message("N", "SNOTICE\0VNOTICE\0MERROR\0\0").dropLast() + error))
        #expect(!isIn(Array("EEEEEEEEEEEEEEE".utf8)))
        #expect(!isIn(Array("N\0\0\0\0".utf8) + error))
    }
}
