import Foundation
import Testing

/// For tests that start a process of their own: Swift Testing reads what that process reports in a way that blocks its
/// thread until the end, and of the threads that all tests share there are only as many as processors.
///
/// Not for targets whose tests kill processes of their own: Swift Testing waits for any child, and for ever on one that
/// has ended and that nobody else has asked after.
struct OwnProcessTrait: TestTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(ThreadPerJob.shared) { try await function() }
    }
}

extension Trait where Self == OwnProcessTrait {
    /// The test runs in a process of its own, by `#expect(processExitsWith:)`.
    static var ownProcess: Self { Self() }
}

/// Gives each job a thread, which it may block.
private final class ThreadPerJob: TaskExecutor {
    static let shared = ThreadPerJob()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
