import Logging
import Metrics
import MetricsTestKit
import TestSupport
import Testing

@testable import Postgres

/// What the wrapper tells about itself. Factories of metrics and tracers are the process's, so the tests of those have a
/// process to themselves.
@Suite struct ObservationTests {
    private static let secret = "secret-value"
    /// Words of the statements below, which no log holds.
    private static let sql = ["SELECT", "INSERT", "pg_sleep", "RAISE"]

    private static let insert = Statement("test.insert", "INSERT INTO t VALUES (\("secret-value"))")
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let slow = Statement(
        "test.slow", "SELECT pg_sleep(0.05)::text || \("secret-value")", one: { try $0.next(String.self) })

    /// Raises something that holds the secret.
    private static func raise(_ level: String, _ state: String = "01000") -> String {
        "DO $$ BEGIN RAISE \(level) 'secret-value' USING ERRCODE = '\(state)'; END $$"
    }

    /// Lends a pool with a log of everything, in which in the end neither values nor SQL may stand at info or above, and
    /// nowhere but in the server's notices.
    private func withLog(
        change: (inout Postgres.Configuration) -> Void = { _ in }, _ body: (Pool, CapturedLog) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE TABLE t (name text CONSTRAINT once UNIQUE)")
            let log = CapturedLog()
            var configuration = database.configuration(maximumConnections: 1)
            configuration.logger = log.logger()
            change(&configuration)
            try await withPool(configuration) { try await body($0, log) }
            for line in log.lines where line.level >= .info || line.message != "notice" {
                for word in Self.sql + [Self.secret] { #expect(!line.text.contains(word), "\(line)") }
            }
        }
    }

    // MARK: Logs

    @Test func `a violated constraint shows neither the value nor the SQL`() async throws {
        try await withLog(change: { $0.slowAfter = .seconds(60) }) { pool, log in
            _ = try await pool.pipeline(Self.insert)
            let error = try await failure { try await pool.pipeline(Self.insert) }
            #expect(error.violates("once") && error.report?.detail?.contains(Self.secret) == true)
            for text in ["\(error)", String(reflecting: error), "\(String(describing: error.report))"] {
                #expect(!text.contains(Self.secret) && !text.contains("INSERT"))
            }
            #expect("\(error)".contains("test.insert") && "\(error)".contains("23505"))
            let trips = log.lines("round trip")
            #expect(trips.contains { $0.level == .trace && $0.metadata["statements"]?.contains("test.insert") == true })
        }
    }

    @Test(arguments: [("WARNING", Logger.Level.warning), ("NOTICE", .info), ("DEBUG", .debug)])
    func `a notice is logged with its SQLSTATE and handed on whole`(_ severity: String, _ level: Logger.Level)
        async throws
    {
        let notices = Shared<[ServerReport]>([])
        try await withLog { configuration in
            configuration.onNotice = { report in notices.change { $0.append(report) } }
        } _: { pool, log in
            try await pool.withTransaction { transaction in
                try await transaction.execute(script: "SET LOCAL client_min_messages = debug1", name: "test.set")
                try await transaction.execute(script: Self.raise(severity), name: "test.raise")
            }
            let line = CapturedLog.Line(
                level: level, message: "notice of the server", metadata: ["sqlstate": "01000"])
            #expect(log.lines.contains(line))
        }
        let notice = try #require(notices.value.first { $0.message == Self.secret })
        #expect(notice.severity.hasPrefix(severity) && notice.state.rawValue == "01000")
        #expect(!"\(notice)".contains(Self.secret))
    }

    @Test func `a slow round trip is a warning with the names of its statements`() async throws {
        let trips = Shared<[SlowRoundTrip]>([])
        try await withLog { configuration in
            configuration.slowAfter = .milliseconds(50)
            configuration.onSlow = { trip in trips.change { $0.append(trip) } }
        } _: { pool, log in
            #expect(try await pool.pipeline(Self.slow) == Self.secret)
            let trip = try #require(trips.value.first { $0.statements.contains("test.slow") })
            #expect(trip.statements.first == "begin" && trip.statements.last == "commit")
            #expect(trip.duration >= .milliseconds(50))
            let line = try #require(log.lines("slow round trip").first)
            #expect(line.level == .warning && line.metadata["statements"] == trip.statements.joined(separator: " "))
            #expect(log.lines("slow round trip").count == trips.value.count)
        }
    }

    /// Work that is no pipeline, with what keeps it waiting.
    private enum Lengthy: CaseIterable {
        case script, stream, copyOut, copyIn

        func perform(_ transaction: inout Transaction) async throws {
            let pause = 0.06
            switch self {
            case .script: try await transaction.execute(script: "SELECT pg_sleep(\(pause))", name: "test.script")
            case .stream:
                let rows = Statement("test.stream", "SELECT pg_sleep(\(pause))", all: { $0.skip() })
                try await transaction.stream(rows) { for try await _ in $0 {} }
            case .copyOut:
                try await transaction.copyOut("test.copyOut", "COPY (SELECT pg_sleep(0.06)) TO STDOUT") {
                    for try await _ in $0 {}
                }
            case .copyIn:
                let slow = "ALTER TABLE t ADD slow text DEFAULT pg_sleep(\(pause))::text"
                try await transaction.execute(script: slow, name: "test.alter")
                let lines = Chunks(Array("x\n".utf8), cutAt: [2])
                try await transaction.copyIn("test.copyIn", "COPY t (name) FROM STDIN", from: lines)
            }
        }
    }

    @Test(arguments: Lengthy.allCases)
    private func `a script, a stream and a COPY that keep waiting for the server are slow`(_ work: Lengthy) async throws
    {
        let trips = Shared<[SlowRoundTrip]>([])
        try await withLog { configuration in
            configuration.slowAfter = .milliseconds(50)
            configuration.onSlow = { trip in trips.change { $0.append(trip) } }
        } _: { pool, log in
            try await pool.withTransaction { try await work.perform(&$0) }
            let trip = try #require(trips.value.first { $0.statements == ["test.\(work)"] })
            #expect(trip.duration >= .milliseconds(50))
            #expect(log.lines("slow round trip").contains { $0.metadata["statements"] == "test.\(work)" })
        }
    }

    @Test func `a reader that takes its time makes no slow stream`() async throws {
        let trips = Shared<[SlowRoundTrip]>([])
        try await withLog { configuration in
            configuration.slowAfter = .milliseconds(50)
            configuration.onSlow = { trip in trips.change { $0.append(trip) } }
        } _: { pool, _ in
            try await pool.withTransaction { transaction in
                let rows = Statement("test.stream", "SELECT generate_series(1, 3)", all: { try $0.next(Int.self) })
                try await transaction.stream(rows) { rows in
                    for try await _ in rows { try await Task.sleep(for: .milliseconds(30)) }
                }
            }
            #expect(!trips.value.contains { $0.statements == ["test.stream"] })
        }
    }

    @Test func `a transaction that is run again tells why`() async throws {
        try await withLog { pool, log in
            let error = try await failure {
                try await pool.withTransaction(retries: 1) { transaction in
                    try await transaction.execute(script: Self.raise("EXCEPTION", "40001"), name: "test.conflict")
                }
            }
            #expect(error.state == .serializationFailure)
            let lines = log.lines("transaction is run again")
            #expect(lines.map(\.level) == [.debug])
            #expect(lines.first?.metadata == ["statement": "test.conflict", "sqlstate": "40001"])
        }
    }

    // Behind a pooler nothing stands prepared.
    @Test(.enabled(if: !TestServer.isPooled))
    func `stale statements are told by name`() async throws {
        try await withLog { pool, log in
            _ = try await pool.pipeline(Queries.backend)
            try await pool.withTransaction { try await $0.execute(script: "DEALLOCATE ALL", name: "test.deallocate") }
            _ = try await pool.pipeline(Queries.backend)
            let lines = log.lines("prepared statements were stale")
            #expect(!lines.isEmpty && lines.allSatisfy { $0.level == .debug && $0.metadata["sqlstate"] == "26000" })
            #expect(lines.contains { $0.metadata["statement"] == "begin" })
        }
    }

    @Test(arguments: ["&dbname=nowhere", "&host=/nowhere", "&port=none", "&nonsense=1", "&sslmode=nonsense"])
    func `a password never shows when the connection fails`(_ mistake: String) async throws {
        try await withLog { configuration in
            configuration.url = TestServer.serverURL + "&password=\(Self.secret)" + mistake
        } _: { pool, log in
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(!"\(error)".contains(Self.secret) && error.report?.message.contains(Self.secret) != true)
            #expect(log.lines("cannot connect").map(\.level) == [.warning])
        }
    }

    @Test(arguments: [
        "app:s3cret/word@db/x", "app:12/s3cret@db/x", "app:12/?s3cret@db/x", "app:pass@s3cret@db/x", "app:@s3cret@db/x",
        "app:pass@s3cret@one,two/x", "app:12,s3cret/word@db/x", "app:s3cret@word/x@db/y",
    ])
    func `a password that is not encoded as URLs demand never shows`(_ place: String) async throws {
        try await withLog { configuration in
            configuration.url = "postgresql://" + place
        } _: { pool, log in
            let error = try await failure { try await pool.pipeline(Queries.backend) }
            #expect(error.reason == .connection("the connection string cannot be read"))
            #expect(log.lines("cannot connect").allSatisfy { !$0.text.contains("s3cret") && !$0.text.contains("word") })
        }
    }

    @Test(arguments: ["host=%40abstract&port=1", "host=localhost,%2Fnowhere&port=1,1", "host=localhost&port=1"])
    func `what only looks like a mistake is read as it stands`(_ place: String) async throws {
        let error = try await failure {
            try await Connection.with(Configuration(url: "postgresql:///x?" + place)) { _ in }
        }
        #expect(error.reason != .connection("the connection string cannot be read"))
    }

    @Test func `printing and dumping show neither values nor passwords`() {
        let (value, password) = ("bound-s3cret", "passw0rd")
        let sql: SQL = "SELECT \(value) || \(Bytes(Array(value.utf8)))"
        let statement = Statement("test.printed", sql, one: { try $0.next(String.self) })
        let configuration = Postgres.Configuration(url: "postgresql://app:\(password)@db/x", applicationName: "printed")
        let subjects: [Any] = [
            sql, sql.parameters, statement, configuration, Listener(configuration, channels: []), [configuration],
            Pool(configuration),
        ]
        for subject in subjects {
            var dumped = ""
            dump(subject, to: &dumped)
            for text in [dumped, String(describing: subject), String(reflecting: subject)] {
                let numbers = text.split { !$0.isNumber }.joined(separator: " ")
                for secret in [value, password] {
                    #expect(!text.contains(secret))
                    #expect(!numbers.contains(secret.utf8.map(String.init).joined(separator: " ")))
                }
            }
        }
        #expect("\(sql)" == "SELECT $1 || $2" && String(describing: configuration).contains("printed"))
    }

    // MARK: Metrics and traces

    @Test(.ownProcess) func `a pool reports its transactions, connections and waits`() async {
        await #expect(processExitsWith: .success) {
            let metrics = TestMetrics()
            MetricsSystem.bootstrap(metrics)
            var configuration = TestServer.observer
            configuration.applicationName = "observed"
            configuration.maximumConnections = 1
            configuration.acquireTimeout = .milliseconds(50)
            let pool = Pool(configuration)
            let running = Task { try await pool.run() }
            for _ in 0..<3 { _ = try await pool.pipeline(Queries.backend) }
            _ = try await failure { try await pool.pipeline(Self.divide) }
            _ = try await failure {
                try await pool.withTransaction(retries: 1) { transaction in
                    try await transaction.execute(script: Self.raise("EXCEPTION", "40001"), name: "test.conflict")
                }
            }
            try await pool.withSession { session in
                let error = try await failure { try await pool.pipeline(Queries.backend) }
                #expect(error.reason == .poolExhausted)
                session.discard()
            }
            running.cancel()
            try await running.value

            let dimensions = [("pool", "observed"), ("role", "")]
            func count(_ label: String) throws -> Int64 { try metrics.expectCounter(label, dimensions).totalValue }
            // What was run again counts each time.
            #expect(try count("postgres_transactions_total") == 7)
            #expect(try count("postgres_transactions_failed_total") == 3)
            #expect(try count("postgres_transactions_retried_total") == 1)
            #expect(try count("postgres_pool_exhausted_total") == 1)
            #expect(try count("postgres_pool_connections_created_total") == 1)
            #expect(try count("postgres_pool_connections_discarded_total") == 1)
            let durations = try metrics.expectTimer("postgres_transaction_duration", dimensions).values
            #expect(durations.count == 7 && durations.allSatisfy { $0 > 0 })
            let waits = try metrics.expectTimer("postgres_pool_wait", dimensions).values
            #expect(waits.count == 1 && waits.allSatisfy { $0 >= 50_000_000 })
            for state in ["in_use", "idle"] {
                let gauge = try metrics.expectGauge("postgres_pool_connections", dimensions + [("state", state)])
                #expect(gauge.values.allSatisfy { (0...1).contains($0) } && !gauge.values.isEmpty)
            }
            #expect(try !metrics.expectGauge("postgres_pool_waiting", dimensions).values.isEmpty)
        }
    }

    @Test(.ownProcess) func `a transaction that made no round trip took no time`() async {
        await #expect(processExitsWith: .success) {
            let metrics = TestMetrics()
            MetricsSystem.bootstrap(metrics)
            try await withPool(TestServer.observer) { pool in
                _ = try await pool.pipeline(Queries.backend)
                try await pool.withTransaction { _ in }
                let dimensions = [("pool", pool.configuration.applicationName), ("role", "")]
                let durations = try metrics.expectTimer("postgres_transaction_duration", dimensions).values
                #expect(durations.count == 2 && durations.last == 0)
            }
        }
    }
}
