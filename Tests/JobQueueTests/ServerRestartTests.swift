import Foundation
import Glibc
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("A server that goes away", .serialized)
struct ServerRestartTests {
    @Test func `PostgreSQL is shut down and started, and crashes, and the worker drains the queue unaided`()
        async throws
    {
        try await withOwnServer { server in
            try await withMigratedDatabase(on: server) { database in
                try await withQueue(in: database) { queue in
                    let whole = 3000
                    try await queue.enqueue((0..<whole).map { NewJob(Note(number: $0)) })
                    let gate = Gate()
                    let handlers = handling { _, _ in await gate.pass() }
                    // Also one that listens.
                    let notifications = queue.queue.configuration
                    try await withWorker(queue.queue, handlers, configure: { $0.notifications = notifications }) { _ in
                        gate.open(1000)
                        try await eventually { try await queue.doneCount() > 500 }
                        try await server.restart(.fast)
                        gate.open(1000)
                        try await eventually { try await queue.doneCount() > 1500 }
                        try await server.restart(.immediate)
                        #expect(try await queue.doneCount() < whole)
                        gate.open(whole)
                        try await eventually { try await queue.doneCount() == whole }
                    }
                    #expect(try await queue.counts() == [0, whole, 0])
                }
            }
        }
    }

    @Test func `Backends that are terminated twice a second end no worker process and lose nothing`() async throws {
        try await withQueue { queue in
            let whole = 3000
            let effects = try await Effects(queue)
            try await queue.enqueue((0..<whole).map { _ in NewJob(Effect(milliseconds: 10), maxAttempts: 100) })
            var settings = ["WORKER_CONCURRENCY": "16", "WORKER_TTL_MS": "5000", "WORKER_RETRY_MS": "50"]
            if !TestServer.isPooled { settings["WORKER_LISTENS"] = "yes" }
            let process = try WorkerProcess(queue.database, settings)
            defer { process.send(SIGKILL) }
            try await eventually { try await effects.count > 0 }
            var (times, ended, listening) = (0, 0, 0)
            var next = ContinuousClock.now
            while times < 100, try await queue.doneCount() < whole {
                let (all, listeners) = try await terminate(queue)
                times += 1
                ended += all
                listening += listeners
                next += .milliseconds(500)
                try await eventually { ContinuousClock.now >= next }
            }
            #expect(times >= 4)
            // Each time those that claim and finish, and those of the handlers.
            #expect(ended > times)
            if !TestServer.isPooled {
                #expect(listening >= 3)
                try await eventually {
                    try await queue.superuser(
                        """
                        SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND query LIKE 'LISTEN%'
                        """) == 1
                }
            }
            process.send(SIGTERM)
            #expect(await process.ended() == 0)
            #expect(try await queue.counts() == [0, whole, 0])
            #expect(try await queue.superuser("SELECT count(DISTINCT job_id) FROM public.effect") == whole)
        }
    }

    /// Ends all that the worker's process has at the server; says how many, and how many of them listen.
    private func terminate(_ queue: QueueFixture) async throws -> (all: Int, listening: Int) {
        var configuration = queue.database.configuration()
        // Past any pooler, whose own connections they are.
        configuration.url = queue.database.serverURL
        configuration.statementMode = .prepared
        return try await Connection.with(configuration) { connection in
            try await connection.run(
                Statement(
                    "test.terminate",
                    """
                    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)),
                        count(*) FILTER (WHERE query LIKE 'LISTEN%')
                    FROM pg_stat_activity
                    WHERE datname = current_database()
                        AND (application_name = 'queue-test-worker' OR usename = 'mehvar_queue')
                    """, one: { row in (try row.next(), try row.next()) }))
        }
    }
}
