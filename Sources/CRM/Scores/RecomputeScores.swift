import Foundation
public import JobQueue
public import Postgres

/// Recomputes the day tallies of one day. At most one waits and one runs for a day.
public struct RecomputeScores: Job {
    public static let kind = "score.recompute"

    /// In the tenant's time zone.
    public let day: LocalDate
    public var uniqueKey: String? { day.description }
}
