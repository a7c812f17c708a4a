import Dispatch

/// Runs one actor's jobs on a dispatch queue of its own, so that calls which block never hold up a thread of Swift's
/// cooperative pool. Each executor occupies at most one thread, and none while it is idle.
final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
