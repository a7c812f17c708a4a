import Synchronization
import TestSupport
import Testing

@testable import Postgres

extension TestServer {
    private static let configurations = Atomic<Int>(0)

    /// The server's own database, for tests that leave nothing behind. A pooler has sessions for each configuration
    /// alone (`deploy/lib/bouncer.sh`), so that one connection after the other meets the same session there too.
    static func configuration(maximumConnections: Int = 4) -> Configuration {
        var configuration = observer
        let number = configurations.wrappingAdd(1, ordering: .relaxed).oldValue
        configuration.url = isPooled ? url(database: "alone_\(number % 1000)") : url
        configuration.maximumConnections = maximumConnections
        configuration.statementMode = statementMode
        return configuration
    }

    /// The same past any pooler.
    static let observer = Configuration(
        url: serverURL, applicationName: "postgres-tests", acquireTimeout: .seconds(60), connectTimeout: .seconds(60))
}

/// Lends a pool and closes it.
func withPool<Result>(
    _ configuration: Configuration = TestServer.configuration(), _ body: (Pool) async throws -> Result
) async throws -> Result {
    let pool = Pool(configuration)
    defer { pool.close() }
    return try await body(pool)
}

extension Pool {
    /// Connections in all, idle ones, and tasks that wait.
    var counts: (open: Int, idle: Int, waiting: Int) {
        let statistics = statistics
        return (statistics.inUse + statistics.idle, statistics.idle, statistics.waiting)
    }
}

/// Runs the closure, which has to throw a `PostgresError`, and gives it back.
func failure<Result>(
    sourceLocation: SourceLocation = #_sourceLocation, of body: () async throws -> Result
) async throws -> PostgresError {
    try #require(
        await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { _ = try await body() },
        sourceLocation: sourceLocation)
}

/// Holds back those who wait until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

enum Queries {
    static let backend = Statement("test.backend", "SELECT pg_backend_pid()", one: { try $0.next(Int.self) })
    static let sleep = Statement(effect: "test.sleep", "SELECT pg_sleep(60)")

    static func terminate(_ backend: Int) -> Statement<Bool> {
        Statement("test.terminate", "SELECT pg_terminate_backend(\(Int32(backend)))", one: { try $0.next() })
    }

    /// Whether a backend waits in `pg_sleep`.
    static func sleeps(_ backend: Int) -> Statement<Bool> {
        Statement(
            "test.sleeps",
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND wait_event = 'PgSleep')",
            one: { try $0.next() })
    }

    static func lives(_ backend: Int) -> Statement<Bool> {
        Statement(
            "test.lives", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)))",
            one: { try $0.next() })
    }
}

/// A second connection, to the server itself, that looks at, and interferes with, the one under test.
func observe<Output>(_ statement: Statement<Output>) async throws -> Output {
    try await Connection.with(TestServer.observer) { try await $0.run(statement) }
}

/// A value that several tasks of a test change.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }

    func change(_ body: @Sendable (inout Value) -> Void) {
        state.withLock { body(&$0) }
    }
}
