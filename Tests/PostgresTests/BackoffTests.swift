import Testing

@testable import Postgres

@Suite struct BackoffTests {
    private struct OwnError: Error {}

    private static let contention = PostgresError(
        .server, report: ServerReport(severity: "ERROR", state: .serializationFailure, message: ""))

    @Test func `pauses double from the base up to the limit, and are at least half of that`() {
        var backoff = Backoff(base: .milliseconds(5), limit: .milliseconds(500))
        for (failures, whole) in [5, 10, 20, 40, 80, 160, 320, 500, 500, 500].enumerated() {
            #expect(backoff.failures == failures)
            let pause = backoff.next()
            #expect(pause >= .milliseconds(whole) / 2 && pause <= .milliseconds(whole))
        }
        // However many there are.
        for _ in 0..<1000 { #expect(backoff.next() <= .milliseconds(500)) }
        backoff.reset()
        #expect(backoff.failures == 0 && backoff.next() <= .milliseconds(5))
    }

    @Test func `those who failed together do not come back together`() {
        let pauses = (0..<100).map { _ in
            var backoff = Backoff(base: .seconds(1), limit: .seconds(1))
            return backoff.next()
        }
        #expect(Set(pauses).count > 90)
    }

    @Test func `no pause is none, and a limit below the base holds`() {
        var none = Backoff(base: .zero, limit: .zero)
        var short = Backoff(base: .seconds(60), limit: .milliseconds(1))
        for _ in 0..<3 { #expect(none.next() == .zero && short.next() <= .milliseconds(1)) }
    }

    // MARK: Repetition, which needs no connection for its bounds

    @Test(arguments: [0, 1, 3]) func `contention is repeated as often as may be, and then comes out`(_ retries: Int)
        async throws
    {
        try await withPool(.ofNoServer()) { pool in
            var repetition = Repetition(pool, retries: retries)
            for _ in 0..<retries { try await repetition.pause(after: Self.contention) }
            for _ in 0..<2 {
                let error = try await failure { try await repetition.pause(after: Self.contention) }
                #expect(error.state == .serializationFailure)
            }
        }
    }

    @Test func `what is no contention comes out at once`() async throws {
        try await withPool(.ofNoServer()) { pool async throws in
            var repetition = Repetition(pool, retries: 3)
            await #expect(throws: OwnError.self) { try await repetition.pause(after: OwnError()) }
            for reason in [PostgresError.Reason.commitUnknown, .deadline, .cancelled, .connection(""), .rolledBack] {
                let error = try await failure { try await repetition.pause(after: PostgresError(reason)) }
                #expect(error.reason == reason)
            }
            // None of them used up a repetition.
            for _ in 0..<3 { try await repetition.pause(after: Self.contention) }
        }
    }

    @Test func `a task that is cancelled does not pause`() async throws {
        try await withPool(.ofNoServer()) { pool in
            let gate = Gate()
            let task = Task {
                var repetition = Repetition(pool, retries: 1)
                await gate.wait()
                try await repetition.pause(after: Self.contention)
            }
            task.cancel()
            gate.open()
            let error = try await failure { try await task.value }
            #expect(error.reason == .cancelled)
        }
    }
}
