import TestSupport
import Testing

@testable import Postgres

@Suite struct PollingExecutorTests {
    /// On which kind of executor a test's tasks run.
    enum Kind: CaseIterable, Sendable {
        case global, polling

        var executor: (any TaskExecutor)? {
            switch self {
            case .global: nil
            case .polling: PollingExecutor.shared
            }
        }
    }

    private static func echo(_ number: Int) -> Statement<Int> {
        Statement("test.echo", "SELECT \(number)", one: { try $0.next() })
    }

    private static var isOnItsThread: Bool { PollerThread.current != nil }

    @Test(arguments: Kind.allCases)
    func `a task stays on its executor whatever it waits for`(_ kind: Kind) async throws {
        try await withPool { pool in
            let task = Task(executorPreference: kind.executor) {
                var places = [Self.isOnItsThread]
                await Task.yield()
                places.append(Self.isOnItsThread)
                #expect(try await pool.pipeline(Self.echo(1)) == 1)
                places.append(Self.isOnItsThread)
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Self.echo(2))
                    places.append(Self.isOnItsThread)
                    // What the server takes long for is waited for at the poller.
                    try await transaction.run(Statement(effect: "test.sleep", "SELECT pg_sleep(0.02)"))
                    places.append(Self.isOnItsThread)
                }
                try await Task.sleep(for: .milliseconds(1))
                places.append(Self.isOnItsThread)
                async let child = Self.isOnItsThread
                await places.append(child)
                return places
            }
            let places = try await task.value
            #expect(places == Array(repeating: kind == .polling, count: 7))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `more tasks than threads take turns`() async {
        let (begun, isOver) = (Shared(0), Shared(false))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask(executorPreference: PollingExecutor.shared) {
                    begun.change { $0 += 1 }
                    var turns = 0
                    while !isOver.value {
                        turns += 1
                        // The last one comes to its end only if the others let it have its turns, and they theirs.
                        if number == 63, turns >= 1000, begun.value == 64 { isOver.change { $0 = true } }
                        await Task.yield()
                    }
                }
            }
        }
        #expect(begun.value == 64)
    }

    @Test func `answers come to tasks that share a thread with busy ones`() async throws {
        try await withPool { pool in
            let isOver = Shared(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask(executorPreference: PollingExecutor.shared) {
                        while !isOver.value { await Task.yield() }
                    }
                }
                group.addTask(executorPreference: PollingExecutor.shared) {
                    defer { isOver.change { $0 = true } }
                    for number in 0..<100 {
                        let answer = try await pool.pipeline(Self.echo(number))
                        #expect(answer == number)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `64 tasks on both executors share four connections`() async throws {
        try await withPool(TestServer.configuration(maximumConnections: 4)) { pool in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for task in 0..<64 {
                    group.addTask(executorPreference: Kind.allCases[task % 2].executor) {
                        var sum = 0
                        for round in 0..<20 {
                            let number = task * 20 + round
                            #expect(try await pool.pipeline(Self.echo(-number)) == -number)
                            sum += try await pool.withTransaction { transaction in
                                let first = try await transaction.run(Self.echo(number))
                                #expect(first == number)
                                await Task.yield()
                                return try await transaction.run(Self.echo(first))
                            }
                        }
                        return sum
                    }
                }
                let sum = try await group.reduce(0, +)
                #expect(sum == 1279 * 1280 / 2)
            }
            let statistics = pool.statistics
            #expect(statistics.created <= 4 && statistics.discarded == 0)
            #expect(statistics.inUse == 0 && statistics.waiting == 0 && statistics.idle == statistics.created)
        }
    }

    @Test(arguments: Kind.allCases)
    func `a deadline fires soon after its time and the connection stays`(_ kind: Kind) async throws {
        var configuration = TestServer.configuration(maximumConnections: 1)
        configuration.transactionTimeout = .milliseconds(200)
        configuration.grace = .seconds(30)
        try await withPool(configuration) { pool in
            let task = Task(executorPreference: kind.executor) {
                var times: [Duration] = []
                for _ in 0..<5 {
                    let started = Moment.now
                    let error = try await failure { try await pool.pipeline(Queries.sleep) }
                    #expect(error.reason == .deadline)
                    times.append(Moment.now - started)
                }
                return times
            }
            let times = try await task.value
            #expect(times.allSatisfy { $0 >= .milliseconds(200) })
            // Others that want the processor too may delay most of them.
            #expect(times.contains { $0 < .seconds(5) })
            #expect(pool.statistics.created == 1 && pool.statistics.idle == 1)
        }
    }
}
