import CRM
import Foundation
import JobQueue
import Postgres
import Subprocess
import TestSupport
import Testing

@Suite("Settings of the worker")
struct WorkerSettingsTests {
    private func settings(_ environment: [String: String]) throws -> WorkerSettings {
        try Settings(environment: environment).worker
    }

    /// What is wrong with this environment.
    private func mistakes(_ environment: [String: String]) -> [String] {
        do {
            _ = try settings(environment)
            return []
        } catch {
            return (error as? SettingsError)?.mistakes ?? ["\(error)"]
        }
    }

    @Test func `Without any they are the queue's own defaults`() throws {
        let settings = try settings([:])
        let defaults = WorkerConfiguration()
        #expect(settings.concurrency == defaults.concurrency && settings.queues == nil && settings.slots == [:])
        #expect(settings.gracePeriod == defaults.gracePeriod && settings.daysKept == defaults.daysKept)
    }

    @Test func `Each variable sets what it is called after`() throws {
        let settings = try settings([
            "MEHVAR_WORKER_CONCURRENCY": "64", "MEHVAR_WORKER_QUEUES": "default, mail,reports",
            "MEHVAR_WORKER_SLOTS": "mail=8:2, reports=4,default=:1", "MEHVAR_WORKER_GRACE_SECONDS": "0",
            "MEHVAR_WORKER_DAYS_KEPT": "30",
        ])
        #expect(settings.concurrency == 64 && settings.queues == ["default", "mail", "reports"])
        #expect(
            settings.slots == [
                "mail": QueueSlots(maximum: 8, reserved: 2), "reports": QueueSlots(maximum: 4),
                "default": QueueSlots(reserved: 1),
            ])
        #expect(settings.gracePeriod == .zero && settings.daysKept == 30)
    }

    @Test func `All mistakes are told together, each by the name of its variable`() {
        let found = mistakes([
            "MEHVAR_POOL_SIZE": "none", "MEHVAR_WORKER_CONCURRENCY": "0", "MEHVAR_WORKER_QUEUES": "mail,,mail",
            "MEHVAR_WORKER_SLOTS": "mail", "MEHVAR_WORKER_GRACE_SECONDS": "1.5", "MEHVAR_WORKER_DAYS_KEPT": "-1",
        ])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "MEHVAR_POOL_SIZE", "MEHVAR_WORKER_CONCURRENCY", "MEHVAR_WORKER_QUEUES", "MEHVAR_WORKER_SLOTS",
                "MEHVAR_WORKER_GRACE_SECONDS", "MEHVAR_WORKER_DAYS_KEPT",
            ])
    }

    @Test(
        "Slots that cannot be are refused, and it is said what is wrong",
        arguments: [
            ("mail=", "none of these"), ("mail=0", "none of these"), ("mail=8:x", "none of these"),
            ("=8", "none of these"), ("mail=8,", "none of these"), ("mail=2:3", "more slots for it alone"),
            ("mail=2,mail=3", "twice"), ("mail=:6,reports=:4", "leaves none of the 10"), ("sms=1", "sms, which"),
        ])
    func refuses(slots: String, why: String) {
        let found = mistakes([
            "MEHVAR_WORKER_CONCURRENCY": "10", "MEHVAR_WORKER_QUEUES": "mail,reports", "MEHVAR_WORKER_SLOTS": slots,
        ])
        #expect(found.count == 1 && found.first?.contains(why) == true, "\(found)")
        #expect(found.first?.hasPrefix("MEHVAR_WORKER_SLOTS ") == true)
    }

    @Test func `The program ends at once and says what is wrong`() async throws {
        let worker = try await Program.run(
            "mehvar-worker", [], on: .administrative,
            settings: ["MEHVAR_WORKER_CONCURRENCY": "many", "MEHVAR_WORKER_SLOTS": "mail=2:3"])
        #expect(worker.status == 64)
        for name in ["MEHVAR_WORKER_CONCURRENCY is", "MEHVAR_WORKER_SLOTS gives", "Usage: mehvar-worker"] {
            #expect(worker.errors.contains(name), "\(worker.errors)")
        }
    }

    @Test func `The program ends well on SIGTERM`() async throws {
        try await withMigratedDatabase { server in
            let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
                .appending(path: "mehvar-worker").path
            // `env` becomes the program.
            let worker = try await Subprocess.run(
                .name("env"),
                arguments: [
                    "MEHVAR_DATABASE_URL=\(server.settingURL)",
                    "MEHVAR_STATEMENTS=\(TestServer.isPooled ? "unprepared" : "prepared")", program,
                ], input: .none, output: .discarded, error: .string(limit: 1 << 20)
            ) { execution in
                try await eventually { try await server.number("SELECT count(*) FROM job.worker") == 1 }
                try execution.send(signal: .terminate)
            }
            #expect(worker.terminationStatus == .exited(0), "\(worker.standardError)")
            // It is off the register, and not only gone.
            #expect(try await server.number("SELECT count(*) FROM job.worker") == 0)
        }
    }

    @Test func `Queues are lists of names that differ and can be in the database`() {
        for queues in ["", ",", "mail,mail", String(repeating: "q", count: 101)] {
            #expect(mistakes(["MEHVAR_WORKER_QUEUES": queues]).count == 1, "\(queues)")
        }
    }
}
