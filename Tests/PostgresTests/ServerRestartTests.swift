import Glibc
import TestSupport
import Testing

@testable import Postgres

/// What the end of a server, or its refusal, does to the wrapper.
@Suite struct ServerRestartTests {
    /// No pooler is before a test's own server, but statements go to it as to the others.
    private func configuration(_ server: OwnServer) -> Configuration {
        var configuration = server.configuration()
        configuration.statementMode = TestServer.statementMode
        return configuration
    }

    /// Eight tasks insert rows, each next one as soon as it knows about the last, until `body` returns.
    private func underLoad(_ pool: Pool, _ ledger: Ledger, _ body: () async throws -> Void) async throws {
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    while !isOver.value {
                        let error = try await ledger.note { number in
                            if task % 2 == 0 {
                                _ = try await pool.pipeline(Ledger.insert(number))
                            } else {
                                try await pool.withTransaction { _ = try await $0.run(Ledger.insert(number)) }
                            }
                        }
                        if let error {
                            #expect(error.isUnavailable || error.reason == .commitUnknown, "\(error)")
                            // A server that is away refuses at once: it must not take a processor to learn that.
                            try await Task.sleep(for: .milliseconds(2))
                        }
                    }
                }
            }
            do { try await body() } catch {
                isOver.change { $0 = true }
                throw error
            }
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
    }

    private func moreAreCommitted(_ ledger: Ledger) async throws {
        let before = ledger.committed
        try await eventually { ledger.committed > before + 20 }
    }

    @Test func `a server that is stopped, started and killed under load loses no row and doubles none`() async throws {
        try await withOwnServer { server in
            try await server.execute(Ledger.table)
            let ledger = Ledger()
            try await withPool(configuration(server)) { pool in
                try await underLoad(pool, ledger) {
                    for shutdown in [OwnServer.Shutdown.fast, .immediate] {
                        try await moreAreCommitted(ledger)
                        try await server.restart(shutdown)
                    }
                    try await moreAreCommitted(ledger)
                    server.kill()
                    try await eventually { try await failsToConnect(server) }
                    try await server.start()
                    try await moreAreCommitted(ledger)
                }
                #expect(pool.counts.open <= 4 && pool.counts.waiting == 0)
            }
            try await ledger.check(server.configuration())
        }
    }

    private func failsToConnect(_ server: OwnServer) async throws -> Bool {
        do { try await server.execute("SELECT 1") } catch { return true }
        return false
    }

    @Test func `a full server refuses with 53300 and the pool recovers when there is room`() async throws {
        let options = OwnServer.Options(settings: ["max_connections = 5", "superuser_reserved_connections = 2"])
        try await withOwnServer(options) { server in
            try await server.execute("CREATE ROLE guest LOGIN")
            var guest = configuration(server)
            guest.user = "guest"
            let (inside, gate) = (Shared(0), Gate())
            let pool = Pool(guest)
            let holders = (0..<3).map { _ in
                Task {
                    // The session that made the role may still be on its way out.
                    try await eventually {
                        do {
                            try await pool.withTransaction { transaction in
                                _ = try await transaction.run(Queries.backend)
                                inside.change { $0 += 1 }
                                await gate.wait()
                            }
                            return true
                        } catch let error as PostgresError where error.isUnavailable { return false }
                    }
                }
            }
            try await eventually { inside.value == 3 }
            try await withPool(guest) { late in
                let error = try await failure { try await late.pipeline(Queries.backend) }
                #expect(error.state == .tooManyConnections && error.isUnavailable)
                #expect(late.counts == (0, 0, 0))
                pool.close()
                gate.open()
                for holder in holders { try await holder.value }
                try await eventually {
                    do { return try await late.pipeline(Queries.backend) > 0 } catch { return false }
                }
            }
        }
    }

    @Test func `a server that is starting up or shutting down is unavailable`() async throws {
        try await withOwnServer { server in
            try await server.stop()
            let error = try await failure { try await server.execute("SELECT 1") }
            #expect(error.isUnavailable)
            try await server.start()
            try await server.execute("SELECT 1")
        }
    }

    @Test func `a backend that is killed ends every session, and the next one works`() async throws {
        try await withOwnServer { server in
            try await server.execute(Ledger.table)
            let ledger = Ledger()
            try await withPool(configuration(server)) { pool in
                try await underLoad(pool, ledger) {
                    try await moreAreCommitted(ledger)
                    let victim = try await pool.pipeline(Queries.backend)
                    let failed = ledger.failed
                    kill(Int32(victim), SIGKILL)
                    try await eventually { ledger.failed > failed }
                    try await moreAreCommitted(ledger)
                }
            }
            try await ledger.check(server.configuration())
        }
    }
}
