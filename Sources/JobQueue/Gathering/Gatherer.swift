import FoundationEssentials
import Logging
import Postgres

/// Makes jobs of what was gathered; see ``GatheringJob``. Every worker has one; of several, each takes what the others do not.
struct Gatherer: Sendable {
    static let maximumItems = 500

    static let statement = Statement<Int>(
        "job.gather", "SELECT job.gather(\(Int32(maximumItems)))", one: { try $0.next() })

    let pool: Pool
    let interval: Duration
    let logger: Logger

    /// Works until the task is cancelled.
    func run(onGathered: @Sendable () -> Void) async {
        while !Task.isCancelled {
            var pause = interval.jittered
            do {
                if try await pool.pipeline(Self.statement) > 0 {
                    onGathered()
                    // There may be more than one job takes.
                    pause = pause / 10
                }
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot make jobs of what was gathered", metadata: ["error": "\(error.loggable)"])
            }
            await Signal().wait(atMost: pause)
        }
    }
}
