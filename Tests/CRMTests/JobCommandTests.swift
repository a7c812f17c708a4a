import CRM
import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

/// `mehvar jobs`, as a process.
@Suite("The command mehvar jobs")
struct JobCommandTests {
    /// Jobs of two tenants, `shop` and `rival`.
    private struct Fixture {
        let server: TestDatabase
        let shop: UUID
        let rival: UUID

        @discardableResult
        func jobs(_ arguments: String..., status: Int32 = 0) async throws -> Program {
            try await jobs(arguments, status: status)
        }

        func jobs(_ arguments: [String], status: Int32 = 0) async throws -> Program {
            let program = try await Program.run("mehvar", ["jobs"] + arguments, on: server)
            #expect(program.status == status, "\(arguments): \(program.output)\(program.errors)")
            return program
        }

        /// A job that waits.
        func wait(_ tenant: UUID, queue: String = "default", kind: String = "test.wait") async throws -> String {
            let id = UUID()
            try await server.run(
                """
                INSERT INTO job.job (tenant_id, id, queue, kind, state, parameters)
                VALUES (\(tenant), \(id), \(queue), \(kind), 'ready', '{"number": 7}')
                """)
            return id.uuidString.lowercased()
        }

        /// A job that was given up after two attempts.
        func dead(_ tenant: UUID, queue: String = "default", kind: String = "test.dead") async throws -> String {
            let id = UUID()
            try await server.run(
                """
                INSERT INTO job.dead (tenant_id, id, queue, kind, version, priority, reason, attempt, max_attempts, rescues,
                    lease, parameters, errors, created_at, run_at)
                VALUES (\(tenant), \(id), \(queue), \(kind), 1, 0, 'attempts', 2, 2, 0, 9, '{"number": 7}',
                    '[{"attempt": 1, "at": "2026-01-01T00:00:00Z", "error": "first, \\"quoted\\""},
                      {"attempt": 2, "at": "2026-01-01T00:01:00Z", "error": "second"}]', now(), now())
                """)
            return id.uuidString.lowercased()
        }

        func states() async throws -> [String] {
            try await server.texts(
                """
                SELECT s FROM (
                    SELECT j.state AS s FROM job.job j UNION ALL SELECT d.outcome FROM job.done d
                    UNION ALL SELECT 'dead' FROM job.dead) t ORDER BY s
                """)
        }
    }

    private func withJobs(_ body: (Fixture) async throws -> Void) async throws {
        try await withMigratedDatabase { server in
            let shop = try await makeTenant(in: server, slug: "shop").context.tenantID.rawValue
            let rival = try await makeTenant(in: server, slug: "rival").context.tenantID.rawValue
            try await body(Fixture(server: server, shop: shop, rival: rival))
        }
    }

    /// The rows of a JSON list.
    private func rows(_ program: Program) throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [[String: Any]])
    }

    @Test func `list shows the dead jobs of all tenants, or what is selected`() async throws {
        try await withJobs { fixture in
            #expect(try rows(await fixture.jobs("list", "--format", "json")).isEmpty)
            let dead = try await fixture.dead(fixture.shop)
            let other = try await fixture.dead(fixture.rival, queue: "mail", kind: "test.mail")
            let waiting = try await fixture.wait(fixture.shop)
            func ids(_ arguments: String...) async throws -> Set<String> {
                let program = try await Program.run(
                    "mehvar", ["jobs", "list", "--format", "json"] + arguments, on: fixture.server)
                return Set(try rows(program).compactMap { $0["id"] as? String })
            }
            #expect(try await ids() == [dead, other])
            #expect(try await ids("--tenant", "rival") == [other])
            #expect(try await ids("--queue", "mail") == [other])
            #expect(try await ids("--kind", "test.dead") == [dead])
            #expect(try await ids("--state", "ready") == [waiting])
            #expect(try await ids("--limit", "1").count == 1)
            let table = try await fixture.jobs("list", "--tenant", "shop").output
            #expect(table.contains(dead) && table.contains("2/2") && table.contains("second") && table.contains("shop"))
            let csv = try await fixture.jobs("list", "--format", "csv", "--tenant", "shop").output
            #expect(csv.hasPrefix("id,tenant,state,queue,kind,attempt,note,due,last_error\n\(dead),shop,dead,default,"))
        }
    }

    @Test func `show has the parameters and the error of every attempt`() async throws {
        try await withJobs { fixture in
            let id = try await fixture.dead(fixture.shop)
            let output = try await fixture.jobs("show", id.uppercased()).output
            let job = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
            #expect(job["tenant"] as? String == "shop" && job["state"] as? String == "dead")
            #expect((job["parameters"] as? [String: Any])?["number"] as? Int == 7)
            let errors = try #require(job["errors"] as? [[String: Any]])
            #expect(errors.compactMap { $0["error"] as? String } == ["first, \"quoted\"", "second"])
        }
    }

    @Test func `retry puts dead jobs back, by their ids or by a selection`() async throws {
        try await withJobs { fixture in
            let id = try await fixture.dead(fixture.shop)
            _ = try await fixture.dead(fixture.shop, kind: "test.other")
            _ = try await fixture.dead(fixture.rival)
            #expect(try await fixture.jobs("retry", id).output == "1 job waits again\n")
            #expect(try await fixture.states() == ["dead", "dead", "ready"])
            let again = try await fixture.jobs("retry", id, status: 1)
            #expect(again.errors.contains("Job \(id) is ready, not dead."))
            try await fixture.jobs("retry", "--all", "--tenant", "rival")
            #expect(try await fixture.states() == ["dead", "ready", "ready"])
            #expect(try await fixture.jobs("retry", "--all").output == "1 job waits again\n")
            #expect(try await fixture.jobs("retry", "--all").output == "0 jobs wait again\n")
        }
    }

    @Test func `cancel ends what waits and asks what runs to stop`() async throws {
        try await withJobs { fixture in
            let waiting = try await fixture.wait(fixture.shop)
            let running = try await fixture.wait(fixture.shop, kind: "test.run")
            let dead = try await fixture.dead(fixture.shop)
            _ = try await fixture.wait(fixture.rival)
            try await fixture.server.run(
                "UPDATE job.job SET state = 'running', worker_id = gen_random_uuid() WHERE kind = 'test.run'")
            let both = try await fixture.jobs("cancel", waiting, running)
            #expect(both.output == "1 job cancelled, 1 that run asked to stop\n")
            #expect(try await fixture.states() == ["cancelled", "dead", "ready", "running"])
            #expect(try await fixture.jobs("show", running).output.contains("\"note\" : \"cancelling\""))
            let refused = try await fixture.jobs("cancel", dead, status: 1)
            #expect(refused.errors.contains("Job \(dead) is dead, not scheduled or ready or running."))
            try await fixture.jobs("cancel", "--all", "--tenant", "rival")
            #expect(try await fixture.states() == ["cancelled", "cancelled", "dead", "running"])
        }
    }

    @Test func `pause and resume are of one tenant or of all, and stats tells of it`() async throws {
        try await withJobs { fixture in
            _ = try await fixture.wait(fixture.shop, queue: "mail")
            _ = try await fixture.dead(fixture.shop)
            func mail() async throws -> [String: Any] {
                let queues = try rows(await fixture.jobs("stats", "--format", "json"))
                return try #require(queues.first { $0["queue"] as? String == "mail" })
            }
            let paused = try await fixture.jobs("pause", "mail")
            #expect(paused.output == "mail is paused for all tenants\n")
            try await fixture.jobs("pause", "mail", "--tenant", "rival")
            var queue = try await mail()
            #expect(queue["is_paused"] as? Bool == true && queue["paused_tenants"] as? Int == 1)
            #expect(queue["ready"] as? Int == 1 && (queue["oldest_ready_seconds"] as? Double ?? -1) >= 0)
            // Nobody is to think that all goes on.
            let resumed = try await fixture.jobs("resume", "mail")
            #expect(resumed.output.hasPrefix("mail goes on for all tenants\nbut stays paused for rival: "))
            try await fixture.jobs("resume", "mail", "--tenant", "rival")
            queue = try await mail()
            #expect(queue["is_paused"] as? Bool == false && queue["paused_tenants"] as? Int == 0)
            let table = try await fixture.jobs("stats").output
            #expect(table.contains("start_p99_ms") && table.contains("\njob.job: ") && table.contains(" dead rows"))
        }
    }

    @Test func `Bad input is refused with the argument's name, and nothing happens`() async throws {
        try await withJobs { fixture in
            let id = try await fixture.dead(fixture.shop)
            let long = String(repeating: "q", count: 101)
            let cases: [([String], String)] = [
                (["list", "--state", "asleep"], "--state"), (["list", "--limit", "0"], "--limit is 1 to 10000"),
                (["list", "--limit", "many"], "--limit"), (["list", "--format", "xml"], "--format"),
                (["list", "--queue", ""], "--queue is a name"), (["list", "--kind", long], "--kind is a name"),
                (["show", "7"], "<id>"), (["show"], "<id>"), (["retry", "x"], "<ids>"), (["retry"], "--all"),
                (["retry", id, "--all"], "--all"),
                (["retry", id, "--tenant", "rival"], "--tenant"), (["cancel", "x"], "<ids>"),
                (["cancel", id, "--queue", "mail"], "--queue"), (["pause"], "<queue>"),
                (["pause", ""], "<queue> is a name"), (["resume", long], "<queue> is a name"),
                (["stats", "--queue", "mail"], "--queue"),
            ]
            for (arguments, text) in cases {
                let program = try await Program.run("mehvar", ["jobs"] + arguments, on: fixture.server)
                #expect(program.status == 64, "\(arguments)")
                #expect(program.errors.contains(text), "\(arguments): \(program.errors)")
                #expect(program.errors.contains("Usage: mehvar jobs \(arguments[0])"), "\(program.errors)")
            }
            // What was said could be understood: no usage is told.
            let failures: [([String], String)] = [
                (["list", "--tenant", "nobody"], "There is no tenant \"nobody\""),
                (["pause", "default", "--tenant", "nobody"], "There is no tenant \"nobody\""),
                (["pause", "mail"], "There is no queue \"mail\", but default, imports, segments."),
                (
                    ["resume", "mails", "--tenant", "shop"],
                    "There is no queue \"mails\", but default, imports, segments."
                ),
            ]
            for (arguments, text) in failures {
                let failed = try await fixture.jobs(arguments, status: 1)
                #expect(failed.errors.contains(text) && !failed.errors.contains("Usage:"), "\(failed.errors)")
            }
            let unknown = UUID().uuidString.lowercased()
            for command in ["show", "retry", "cancel"] {
                let missing = try await fixture.jobs(command, unknown, status: 1)
                #expect(missing.errors.contains("There is no such job"), "\(command): \(missing.errors)")
            }
            #expect(try await fixture.states() == ["dead"])
            #expect(try await fixture.server.number("SELECT count(*) FROM job.paused_queue") == 0)
        }
    }
}
