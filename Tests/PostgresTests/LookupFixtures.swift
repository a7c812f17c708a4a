import TestSupport

@testable import Postgres

/// What tests of look-ups run, on one of the pollers' threads, where they travel together.
enum LookupFixtures {
    static func echo(_ number: Int) -> Statement<Int> {
        Statement("test.echo", "SELECT \(number)", one: { try $0.next() })
    }

    static func set(_ number: Int) -> Statement<Void> {
        Statement(effect: "test.set", "SELECT set_config('test.number', \("\(number)"), true)")
    }

    static let number = Statement(
        "test.number", "SELECT current_setting('test.number', true)", one: { try $0.nextIfPresent(String.self) })

    static func divide(by number: Int) -> Statement<Int> {
        Statement("test.divide", "SELECT 10 / \(number)", one: { try $0.next() })
    }

    /// Begins the body for each number at the same moment, all on one poller's thread.
    static func begin<Result: Sendable>(
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

    static func values<Result>(_ tasks: [Task<Result, any Error>]) async throws -> [Result] {
        var values: [Result] = []
        for task in tasks { values.append(try await task.value) }
        return values
    }

    /// Holds a lock that look-ups with ``waiting(for:)`` wait for.
    static func holding(_ body: (_ lock: Int64) async throws -> Void) async throws {
        let lock = Int64.random(in: .min ... .max)
        try await Connection.with(TestServer.observer) { connection in
            try await connection.run(Statement(effect: "test.lock", "SELECT pg_advisory_lock(\(lock))"))
            try await body(lock)
        }
    }

    static func waiting(for lock: Int64) -> Statement<Void> {
        Statement(effect: "test.wait", "SELECT pg_advisory_xact_lock_shared(\(lock))")
    }

    static func waits(_ backend: Int) -> Statement<Bool> {
        Statement(
            "test.waits",
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = \(Int32(backend)) AND wait_event = 'advisory')",
            one: { try $0.next() })
    }

    static func configuration(
        _ connections: Int = 4, waiters: Int = 1000, timeout: Duration = .seconds(60)
    ) -> Configuration {
        var configuration = TestServer.configuration(maximumConnections: connections)
        configuration.maximumWaiters = waiters
        configuration.transactionTimeout = timeout
        return configuration
    }
}
