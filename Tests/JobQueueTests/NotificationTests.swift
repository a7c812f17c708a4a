import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Notifications", .serialized, .enabled(if: !TestServer.isPooled))
struct NotificationTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A worker that polls every ten minutes, and listens.
    private func withListening(_ body: (QueueFixture, EnqueueSignal, Log<Int>) async throws -> Void) async throws {
        try await withQueue { queue in
            let starts = Log<Int>()
            let signal = EnqueueSignal(pool: queue.app, logger: Self.logger)
            try await withWorker(
                queue.queue, handling { note, _ in starts.add(note.number) },
                configure: {
                    $0.pollInterval = .seconds(600)
                    $0.notifications = queue.database.configuration(user: "mehvar_queue", maximumConnections: 1)
                }
            ) { _ in
                try await body(queue, signal, starts)
            }
        }
    }

    @Test func `A signal starts a job long before the next poll`() async throws {
        try await withListening { queue, signal, starts in
            // The first ones may come before the worker listens; it looks for itself when it begins to.
            for number in 1...20 {
                try await queue.enqueue(Note(number: number))
                signal.send()
                try await eventually { starts.count == number }
            }
        }
    }

    /// A slow claim has the next looks begin behind what it claimed, so that a signal's look does not see a better job.
    @Test func `A job that stands before the place where looks begin does not wait for the poll`() async throws {
        try await withListening { queue, signal, starts in
            try await Connection.with(queue.database.configuration()) { superuser in
                try await superuser.execute(
                    script: """
                        CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql
                            AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
                        CREATE TRIGGER slow BEFORE UPDATE ON job.job FOR EACH ROW EXECUTE FUNCTION public.slow();
                        """, name: "test.slow")
            }
            try await queue.enqueue(Note(number: 1))
            signal.send()
            try await eventually { starts.count == 1 }
            try await queue.enqueue([NewJob(Note(number: 2), priority: -1)])
            signal.send()
            try await eventually { starts.count == 2 }
        }
    }

    @Test func `A claim that takes long does not keep another one from its turn`() async throws {
        try await withListening { queue, signal, starts in
            try await Connection.with(queue.database.configuration()) { superuser in
                try await superuser.execute(
                    script: """
                        CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql
                            AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
                        CREATE TRIGGER wait BEFORE UPDATE ON job.job FOR EACH ROW
                            WHEN (NEW.tenant_id = '\(queue.tenant)') EXECUTE FUNCTION public.wait();
                        """, name: "test.wait")
                try await superuser.withTransaction { held in
                    try await held.execute(script: "SELECT pg_advisory_xact_lock(1)", name: "test.hold")
                    try await queue.enqueue(Note(number: 1))
                    signal.send()
                    try await eventually {
                        try await queue.number(
                            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1
                    }
                    try await queue.enqueue([NewJob(Note(number: 2))], tenant: queue.otherTenant)
                    signal.send()
                    try await eventually { starts.entries == [2] }
                }
            }
            try await eventually { starts.count == 2 }
        }
    }

    @Test func `The last one of many signals is not lost`() async throws {
        try await withListening { queue, signal, starts in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await queue.enqueue(Note(number: number))
                        signal.send()
                    }
                }
                try await group.waitForAll()
            }
            try await eventually { starts.count == 200 }
        }
    }

    @Test func `Many signals travel as few notifications, which are empty`() async throws {
        try await withQueue { queue in
            let events = Log<Listener.Event>()
            let configuration = queue.database.configuration(user: "mehvar_queue", maximumConnections: 1)
            let listening = Task {
                for try await event in Listener(configuration, channels: [EnqueueSignal.channel]) { events.add(event) }
            }
            defer { listening.cancel() }
            try await eventually { events.entries == [.connected] }
            let signal = EnqueueSignal(pool: queue.app, logger: Self.logger)
            let began = ContinuousClock.now
            for _ in 0..<1000 { signal.send() }
            try await eventually { events.count > 1 }
            // It waits its turn behind all that wait for the same connections.
            try await queue.app.pipeline(
                Statement(effect: "test.end", "SELECT pg_notify(\(EnqueueSignal.channel), 'end')"))
            func payloads() -> [String] {
                events.entries.compactMap {
                    if case .notification(let notification) = $0 { notification.payload } else { nil }
                }
            }
            try await eventually { payloads().contains("end") }
            let sent = payloads().filter { $0 != "end" }
            #expect(sent.allSatisfy { $0.isEmpty }, "\(sent)")
            // There are five milliseconds between two of them, and a last one may tell of the rest.
            #expect(sent.count <= Int((ContinuousClock.now - began) / .milliseconds(5)) + 2, "\(sent.count)")
        }
    }

    /// Only the connection that is open hangs: who connects anew comes through.
    @Test func `A listener whose connection hangs is made again within 15 seconds, and jobs wait for the poll at most`()
        async throws
    {
        try await withQueue { queue in
            try await withFaultyProxy { proxy in
                let starts = Log<Int>()
                let signal = EnqueueSignal(pool: queue.app, logger: Self.logger)
                let poll = Duration.seconds(1)
                func start(_ number: Int) async throws {
                    try await queue.enqueue(Note(number: number))
                    signal.send()
                    try await eventually { starts.entries.last == number }
                }
                try await withWorker(
                    queue.queue, handling { note, _ in starts.add(note.number) },
                    configure: {
                        $0.pollInterval = poll
                        var configuration = queue.database.configuration(user: "mehvar_queue", maximumConnections: 1)
                        configuration.url = proxy.url(configuration.url)
                        $0.notifications = configuration
                    }
                ) { worker in
                    try await eventually {
                        try await queue.superuser(
                            """
                            SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND state = 'idle' AND query LIKE 'LISTEN%'
                            """) == 1
                    }
                    try await start(0)
                    proxy.change { $0.frozen = [.toServer, .toClient] }
                    try letNewConnectionsPass(proxy)
                    let frozen = ContinuousClock.now
                    var number = 0
                    while worker.counts.reconnects == 0, ContinuousClock.now - frozen < .seconds(15) {
                        number += 1
                        try await start(number)
                    }
                    #expect(worker.counts.reconnects == 1 && ContinuousClock.now - frozen < .seconds(15))
                    #expect(proxy.conversations.count == 1 && proxy.conversations[0].isOpen)
                    // All but the last one waited for a poll, give or take a half.
                    let latest = try await queue.number(
                        "SELECT floor(1000 * extract(epoch FROM max(started_at - run_at)))::bigint FROM job.done")
                    #expect(number > 3 && latest < 1500 + 1000, "\(latest) ms")
                    // Notifications start jobs again: polls alone would take half a minute for as many.
                    let awake = ContinuousClock.now
                    for _ in 0..<30 {
                        number += 1
                        try await start(number)
                    }
                    #expect(ContinuousClock.now - awake < .seconds(10))
                }
            }
        }
    }

    /// Puts the server's own socket in the place of the proxy's, whose open connections stay as they are.
    private func letNewConnectionsPass(_ proxy: FaultyProxy) throws {
        let socket = URL(filePath: proxy.host).appending(path: ".s.PGSQL.5432")
        try FileManager.default.removeItem(at: socket)
        try FileManager.default.createSymbolicLink(
            at: socket, withDestinationURL: URL(filePath: TestServer.host).appending(path: ".s.PGSQL.5432"))
    }
}
