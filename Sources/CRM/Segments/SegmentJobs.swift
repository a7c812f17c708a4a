public import Foundation
public import JobQueue
import Postgres

/// Finds anew who is in a rule segment, and in those that build on it. At most one waits and one runs for a segment.
public struct EvaluateSegment: Job {
    public static let kind = "segment.evaluate"
    public static let queue = RefreshSegments.queue

    public let segmentID: Segment.ID
    public var uniqueKey: String? { segmentID.description }
}

/// Finds out what all customers come to, how they compare, and who is in which rule segment: each night, and after many customers
/// or orders changed at once.
public struct RefreshSegments: Job {
    public static let kind = "segments.refresh"
    /// What takes long has few slots, so that it leaves the connections to others.
    public static let queue = "segments"
    public static let slots = QueueSlots(maximum: 2)

    public var uniqueKey: String? { "all" }

    public init() {}

    /// At ten past midnight, when rules that heed the day find others.
    static func nightly(in zone: TimeZone) throws -> JobSchedule {
        JobSchedule(
            name: "segments", cron: try CronExpression("10 0 * * *"), timeZone: zone, job: NewJob(RefreshSegments()))
    }
}

/// Finds out the same of customers that were noted: those that changed, or with whom something happened.
public struct RefreshCustomers: GatheringJob {
    public static let kind = "customers.refresh"

    public init() {}

    /// How many customers a change may be about before all are looked at instead.
    static let bulk = 500

    /// Notes, in the transaction that changes them, customers to be looked after.
    static func noting(_ tenant: Tenant.ID, _ customers: [Customer.ID]) -> Statement<Void> {
        note(tenant: tenant.rawValue, items: customers.map(\.rawValue))
    }
}
