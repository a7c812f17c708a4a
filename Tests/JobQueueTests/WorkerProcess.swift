import Foundation
import Glibc
import JobQueue
import Postgres
import TestSupport

/// A worker in a process of its own (`Tests/QueueTestWorker`), which can be killed and frozen.
final class WorkerProcess: Sendable {
    struct Failure: Error { let code: Int32 }

    private let pid: pid_t

    /// - Parameter settings: what the process reads from its environment, such as `WORKER_CONCURRENCY`.
    init(_ database: TestDatabase, _ settings: [String: String] = [:]) throws {
        let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "queue-test-worker").path
        var environment = ProcessInfo.processInfo.environment.merging(settings) { _, new in new }
        environment["WORKER_DATABASE_URL"] = database.url
        environment["WORKER_STATEMENTS"] = TestServer.isPooled ? "unprepared" : "prepared"
        // A thread of the tests may block signals that the process has to hear.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, program, nil, &attributes, &arguments, &variables)
        guard code == 0 else { throw Failure(code: code) }
        self.pid = pid
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Kills the process as a power cut would.
    func kill9() {
        send(SIGKILL)
        _ = wait()
    }

    /// The exit code; that of a process that a signal ended is its number below zero.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    /// The same, without keeping a thread of the tests' executor.
    func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: self.wait()) }
        }
    }
}

/// What the processes' jobs are called here.
struct Effect: Job {
    static let kind = "test.effect"
    static let maxAttempts = 3

    let milliseconds: Int
}

/// What the processes' handlers leave.
struct Effects {
    let queue: QueueFixture

    init(_ queue: QueueFixture) async throws {
        self.queue = queue
        try await queue.database.execute(
            "CREATE TABLE public.effect (job_id uuid NOT NULL, lease bigint NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
    }

    var count: Int {
        get async throws { try await queue.superuser("SELECT count(*) FROM public.effect") }
    }
}
