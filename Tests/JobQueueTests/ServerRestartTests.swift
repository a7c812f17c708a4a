import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("A server that goes away")
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
}
