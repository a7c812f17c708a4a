import Logging
import Postgres

/// Makes partitions of `job.done` ahead of time and drops old ones. Harmless when several workers do it.
struct Maintenance: Sendable {
    struct Report: Sendable, Equatable {
        let made: Int
        let dropped: Int
        /// Partitions that somebody had locked.
        let putOff: Int
    }

    private static let daysAhead = 7

    let pool: Pool
    let interval: Duration
    let daysKept: Int
    let logger: Logger

    /// Works until the task is cancelled; what could not be done is tried again after a minute.
    func run() async {
        while !Task.isCancelled {
            var pause = interval
            do {
                let report = try await maintain()
                if report.putOff > 0 { pause = min(pause, .seconds(60)) }
                if report != Report(made: 0, dropped: 0, putOff: 0) {
                    logger.info(
                        "partitions of finished jobs",
                        metadata: [
                            "made": "\(report.made)", "dropped": "\(report.dropped)", "put_off": "\(report.putOff)",
                        ])
                }
            } catch {
                if Task.isCancelled { return }
                logger.warning("cannot maintain partitions", metadata: ["error": "\(error.loggable)"])
                pause = min(pause, .seconds(60))
            }
            await Signal().wait(atMost: pause.jittered)
        }
    }

    @discardableResult
    func maintain() async throws -> Report {
        try await pool.pipeline(Self.statement(daysKept: daysKept))
    }

    static func statement(daysKept: Int) -> Statement<Report> {
        Statement(
            "job.maintain_partitions",
            """
            SELECT made, dropped, put_off
            FROM job.maintain_partitions(\(Int32(clamping: daysAhead)), \(Int32(clamping: daysKept)))
            """,
            one: { row in Report(made: try row.next(), dropped: try row.next(), putOff: try row.next()) })
    }
}
