import FoundationEssentials
import Logging
import Postgres

/// Sees to it that a job waits where something was gathered; see ``GatheringJob``. Every worker has one.
struct Gatherer: Sendable {
    static let statement = Statement<Int>("job.gather", "SELECT job.gather()", one: { try $0.next() })

    let pool: Pool
    let interval: Duration
    let logger: Logger

    /// Works until the task is cancelled.
    func run(onGathered: @Sendable () -> Void) async {
        while !Task.isCancelled {
            do {
                if try await pool.pipeline(Self.statement) > 0 { onGathered() }
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot look after what was gathered", metadata: ["error": "\(error.loggable)"])
            }
            await Signal().wait(atMost: interval.jittered)
        }
    }
}
