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

    @Test func `Many signals travel as few, and the last one is not lost`() async throws {
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

    @Test func `A listener whose network has died is noticed within 15 seconds, and polling goes on meanwhile`()
        async throws
    {
        try await withQueue { queue in
            try await withFaultyProxy { proxy in
                let starts = Log<Int>()
                try await withWorker(
                    queue.queue, handling { note, _ in starts.add(note.number) },
                    configure: {
                        $0.pollInterval = .milliseconds(50)
                        var configuration = queue.database.configuration(user: "mehvar_queue", maximumConnections: 1)
                        configuration.url = proxy.url(configuration.url)
                        $0.notifications = configuration
                    }
                ) { worker in
                    try await eventually { proxy.conversations.last?.isOpen == true }
                    try await queue.enqueue(Note(number: 1))
                    try await eventually { starts.count == 1 }
                    proxy.change { $0.frozen = [.toServer, .toClient] }
                    let frozen = ContinuousClock.now
                    try await queue.enqueue(Note(number: 2))
                    try await eventually(within: .seconds(5)) { starts.count == 2 }
                    // Silence, a ping without an answer, the request to stop, and then the next attempt to connect.
                    let dead = proxy.conversations.count
                    try await eventually(within: .seconds(15)) { proxy.conversations.count >= dead + 2 }
                    proxy.change { $0.frozen = [] }
                    try await eventually(within: .seconds(5)) { worker.counts.reconnects == 1 }
                    #expect(ContinuousClock.now - frozen < .seconds(20))
                }
            }
        }
    }
}
