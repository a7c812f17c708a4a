import Logging
import Postgres

/// Tells the runs of this worker that somebody wants to stop.
///
/// It asks by the primary keys of what runs here, so that it costs the same however many jobs there are, and apart from the
/// lease, whose renewal waits for nothing.
struct StopRequests: Sendable {
    /// The least time between two looks: every enqueueing wakes this too.
    private static let pause = Duration.milliseconds(250)

    let pool: Pool
    let running: RunningJobs
    let interval: Duration
    let logger: Logger
    private let signal = Signal()

    init(pool: Pool, running: RunningJobs, interval: Duration, logger: Logger) {
        self.pool = pool
        self.running = running
        self.interval = interval
        self.logger = logger
    }

    /// There may be runs to stop.
    func wake() { signal.set() }

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await signal.wait(atMost: interval)
            let keys = running.keys
            if !keys.isEmpty {
                do {
                    let unwanted = try await pool.pipeline(WorkerStatements.stopRequests(among: keys))
                    running.cancel(unwanted, .requested)
                } catch {
                    if Task.isCancelled { return }
                    logger.warning("cannot look for jobs to stop", metadata: ["error": "\(error.loggable)"])
                }
            }
            await Signal().wait(atMost: Self.pause)
        }
    }
}
