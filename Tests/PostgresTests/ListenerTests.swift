import TestSupport
import Testing

@testable import Postgres

/// A pooler in transaction mode does not pass notifications on.
@Suite(.enabled(if: !TestServer.isPooled)) struct ListenerTests {
    /// An iteration in a task of its own and what it has got so far.
    private struct Iteration: Sendable {
        let events: Shared<[Listener.Event]>
        let task: Task<Void, any Error>

        init(_ listener: Listener) {
            let events = Shared<[Listener.Event]>([])
            self.events = events
            task = Task { for try await event in listener { events.change { $0.append(event) } } }
        }

        var payloads: [String] {
            events.value.compactMap {
                if case .notification(let notification) = $0 { notification.payload } else { nil }
            }
        }

        func has(_ event: Listener.Event) async throws {
            try await eventually { events.value.contains(event) }
        }

        /// Ends the iteration, which must not throw.
        func end() async throws {
            task.cancel()
            try await task.value
        }
    }

    private static let channel = "news"

    private static func notify(_ payload: String, on channel: String = channel) -> Statement<Int> {
        Statement(
            "test.notify", "SELECT pg_backend_pid() FROM pg_notify(\(channel), \(payload))",
            one: { try $0.next(Int.self) }
        )
    }

    /// The backends that listen, and no pool's.
    private func backends(_ database: TestDatabase) async throws -> [Int] {
        try await observe(
            Statement(
                "test.backends",
                """
                SELECT pid::int8 FROM pg_stat_activity
                WHERE datname = \(database.name) AND application_name = 'listener' ORDER BY backend_start
                """, all: { try $0.next() }))
    }

    /// A database, how a listener reaches it, and a pool that notifies.
    private func withListening(
        _ body: (TestDatabase, _ configuration: Configuration, _ pool: Pool) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            var configuration = database.configuration()
            configuration.applicationName = "listener"
            try await withPool(database.configuration(maximumConnections: 2)) {
                try await body(database, configuration, $0)
            }
        }
    }

    @Test func `an iteration begins with being connected, and gets what is sent from then on`() async throws {
        try await withListening { _, configuration, pool in
            _ = try await pool.pipeline(Self.notify("before"))
            let iteration = Iteration(Listener(configuration, channels: [Self.channel]))
            try await iteration.has(.connected)
            let backend = try await pool.pipeline(Self.notify("پیام ✓"))
            try await eventually { iteration.events.value.count == 2 }
            let expected = Listener.Notification(channel: Self.channel, payload: "پیام ✓", backend: Int32(backend))
            #expect(iteration.events.value == [.connected, .notification(expected)])
            try await iteration.end()
        }
    }

    @Test func `a thousand notifications come in order`() async throws {
        try await withListening { _, configuration, pool in
            let iteration = Iteration(Listener(configuration, channels: [Self.channel]))
            try await iteration.has(.connected)
            let many = Statement(
                effect: "test.many", "SELECT pg_notify(\(Self.channel), n::text) FROM generate_series(1, 900) n")
            try await pool.pipeline(many)
            for number in 901...1000 { _ = try await pool.pipeline(Self.notify("\(number)")) }
            try await eventually { iteration.payloads.count >= 1000 }
            #expect(iteration.payloads == (1...1000).map { "\($0)" })
            try await iteration.end()
        }
    }

    @Test func `channels have any names`() async throws {
        try await withListening { _, configuration, pool in
            let names = [
                "Caps", "with\"quote", "\"\"", "two words", "'; DROP TABLE t; --", "خبرها",
                String(repeating: "x", count: 63),
            ]
            let iteration = Iteration(Listener(configuration, channels: names))
            try await iteration.has(.connected)
            // Another one's name, were it folded to lower case.
            _ = try await pool.pipeline(Self.notify("no", on: "caps"))
            for name in names { _ = try await pool.pipeline(Self.notify("to \(name)", on: name)) }
            try await eventually { iteration.payloads.count >= names.count }
            let found = iteration.events.value.compactMap {
                if case .notification(let notification) = $0 { notification.channel } else { nil }
            }
            #expect(found == names && iteration.payloads == names.map { "to \($0)" })
            try await iteration.end()
        }
    }

    // MARK: Lost connections

    @Test func `after the backend was ended the iteration reconnects, again and again`() async throws {
        try await withListening { database, configuration, pool in
            let iteration = Iteration(Listener(configuration, channels: [Self.channel]))
            try await iteration.has(.connected)
            for round in 1...3 {
                let backend = try #require(try await backends(database).last)
                _ = try await observe(Queries.terminate(backend))
                try await eventually { iteration.events.value.count { $0 == .reconnected } == round }
                _ = try await pool.pipeline(Self.notify("\(round)"))
                try await eventually { iteration.payloads.count == round }
            }
            #expect(iteration.payloads == ["1", "2", "3"])
            #expect(iteration.events.value.count == 7)
            try await iteration.end()
            try await eventually { try await backends(database).isEmpty }
        }
    }

    @Test func `two iterations of one listener are independent`() async throws {
        try await withListening { database, configuration, pool in
            let listener = Listener(configuration, channels: [Self.channel])
            let first = Iteration(listener)
            try await first.has(.connected)
            let backend = try #require(try await backends(database).first)
            let second = Iteration(listener)
            try await second.has(.connected)
            _ = try await observe(Queries.terminate(backend))
            try await first.has(.reconnected)
            _ = try await pool.pipeline(Self.notify("both"))
            try await eventually { first.payloads == ["both"] && second.payloads == ["both"] }
            #expect(second.events.value.count == 2)
            try await first.end()
            _ = try await pool.pipeline(Self.notify("second"))
            try await eventually { second.payloads == ["both", "second"] }
            #expect(first.payloads == ["both"])
            try await second.end()
        }
    }

    @Test func `a server that is away at the beginning is tried until it is there`() async throws {
        try await withListening { _, configuration, pool in
            try await withFaultyProxy { proxy in
                proxy.change { $0.cutAfter = [.toServer: 1] }
                var configuration = configuration
                configuration.url = proxy.url(configuration.url)
                let (patient, cancelled) = (
                    Iteration(Listener(configuration, channels: [Self.channel])),
                    Iteration(Listener(configuration, channels: [Self.channel]))
                )
                try await eventually { proxy.conversations.count >= 6 }
                try await cancelled.end()
                #expect(patient.events.value.isEmpty && cancelled.events.value.isEmpty)
                proxy.change { $0.cutAfter = [:] }
                try await patient.has(.connected)
                _ = try await pool.pipeline(Self.notify("there"))
                try await eventually { patient.payloads == ["there"] }
                #expect(patient.events.value.count == 2)
                try await patient.end()
            }
        }
    }

    // MARK: Silence

    @Test func `a silent connection is tried and stays the same`() async throws {
        try await withListening { database, configuration, pool in
            try await withFaultyProxy { proxy in
                var configuration = configuration
                configuration.url = proxy.url(configuration.url)
                let iteration = Iteration(
                    Listener(configuration, channels: [Self.channel], pingInterval: .milliseconds(50)))
                try await iteration.has(.connected)
                let before = try await backends(database)
                let turns = try #require(proxy.conversations.first).turns
                try await eventually { proxy.conversations.first.map { $0.turns >= turns + 5 } ?? false }
                _ = try await pool.pipeline(Self.notify("heard"))
                try await eventually { iteration.payloads == ["heard"] }
                // A ping that took long is asked to stop, on a connection of its own.
                #expect(iteration.events.value.count == 2)
                #expect(proxy.conversations.count { !$0.isCancelRequest } == 1)
                #expect(try await backends(database) == before && before.count == 1)
                try await iteration.end()
            }
        }
    }

    @Test func `no notification is lost among pings`() async throws {
        try await withListening { _, configuration, pool in
            let iteration = Iteration(
                Listener(configuration, channels: [Self.channel], pingInterval: .milliseconds(200)))
            let busy = Iteration(Listener(configuration, channels: [Self.channel], pingInterval: .milliseconds(20)))
            try await iteration.has(.connected)
            try await busy.has(.connected)
            for number in 1...300 {
                _ = try await pool.pipeline(Self.notify("\(number)"))
                if number % 30 == 0 { try await eventually { busy.payloads.count == number } }
            }
            let expected = (1...300).map { "\($0)" }
            try await eventually { iteration.payloads.count >= 300 && busy.payloads.count >= 300 }
            #expect(iteration.payloads == expected && busy.payloads == expected)
            try await iteration.end()
            try await busy.end()
        }
    }

    /// A peer that vanishes shows after a silence of `pingInterval`, an unanswered ping of as long, and 2 s for the answer
    /// to the request to stop: 4 + 4 + 2 = 10 s by default, and 15 s at most.
    @Test(arguments: [.milliseconds(100), nil] as [Duration?])
    func `a connection whose peer vanished is replaced`(_ pingInterval: Duration?) async throws {
        try await withListening { _, configuration, pool in
            try await withFaultyProxy { proxy in
                var configuration = configuration
                configuration.url = proxy.url(configuration.url)
                let channels = [Self.channel]
                let iteration = Iteration(
                    pingInterval.map { Listener(configuration, channels: channels, pingInterval: $0) }
                        ?? Listener(configuration, channels: channels))
                try await iteration.has(.connected)
                proxy.change { $0.frozen = [.toServer, .toClient] }
                let began = ContinuousClock.now
                // The connection, the request to stop and the next attempt to connect, for which the first was given up.
                try await eventually { proxy.conversations.count >= 3 }
                let patience = ContinuousClock.now - began
                #expect(patience > .seconds(2) && patience < .seconds(15))
                #expect(iteration.events.value == [.connected])
                proxy.change { $0.frozen = [] }
                try await iteration.has(.reconnected)
                _ = try await pool.pipeline(Self.notify("again"))
                try await eventually { iteration.payloads == ["again"] }
                try await iteration.end()
            }
        }
    }

    // MARK: Cancellation

    @Test(arguments: [Duration.milliseconds(20), .seconds(60)])
    func `cancelling ends an iteration with nil, promptly, whether it waits or asks`(_ pingInterval: Duration)
        async throws
    {
        try await withListening { database, configuration, _ in
            try await withFaultyProxy { proxy in
                var configuration = configuration
                configuration.url = proxy.url(configuration.url)
                let listener = Listener(configuration, channels: [Self.channel], pingInterval: pingInterval)
                let isConnected = Gate()
                let task = Task {
                    var iterator = listener.makeAsyncIterator()
                    let first = try await iterator.next()
                    isConnected.open()
                    return (first, try await iterator.next(), try await iterator.next())
                }
                await isConnected.wait()
                proxy.change { $0.frozen = [.toClient] }
                let began = ContinuousClock.now
                task.cancel()
                let (first, second, third) = try await task.value
                #expect(first == .connected && second == nil && third == nil)
                #expect(ContinuousClock.now - began < .seconds(5))
                proxy.change { $0.frozen = [] }
                try await eventually { try await backends(database).isEmpty }
            }
        }
    }

    @Test func `cancelling while a connection is being opened ends an iteration too`() async throws {
        try await withListening { _, configuration, _ in
            try await withFaultyProxy { proxy in
                proxy.change { $0.frozen = [.toClient] }
                var configuration = configuration
                configuration.url = proxy.url(configuration.url)
                let iteration = Iteration(Listener(configuration, channels: [Self.channel]))
                try await eventually { proxy.conversations.count == 1 }
                let began = ContinuousClock.now
                try await iteration.end()
                #expect(iteration.events.value.isEmpty)
                #expect(ContinuousClock.now - began < .seconds(5))
            }
        }
    }
}
