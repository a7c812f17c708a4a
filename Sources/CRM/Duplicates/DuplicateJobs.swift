import Foundation
public import JobQueue
import Postgres

/// Looks whom customers who changed may be the same as. Noted for customers who were looked after otherwise, and by imports.
public struct FindDuplicates: GatheringJob {
    public static let kind = "duplicates.find"

    public init() {}

    /// How many customers of a file are looked at one by one; more are found by looking through all.
    static let bulk = 20_000

    /// Notes those of the customers who changed themselves lately, and not merely what happened with them.
    static func notingChanged(_ tenant: Tenant.ID, _ customers: [Customer.ID]) -> Statement<Int> {
        Statement(
            "duplicate.note_changed",
            """
            INSERT INTO job.gathered (tenant_id, kind, id, queue, item)
            SELECT \(tenant), \(kind), gen_random_uuid(), \(queue), c.id FROM crm.customer c
            WHERE c.tenant_id = \(tenant) AND c.id = ANY (\(customers)) AND c.updated_at > now() - interval '1 day'
            ON CONFLICT DO NOTHING
            """)
    }
}

/// Looks through all customers, or goes on with it. One at a time for a tenant.
public struct ScanDuplicates: Job {
    public static let kind = "duplicates.scan"
    public static let queue = RefreshSegments.queue

    public let runID: DuplicateRun.ID
    public var uniqueKey: String? { "all" }
}

/// Merges the pairs of a run, or goes on with it.
public struct MergeDuplicates: Job {
    public static let kind = "duplicates.merge"
    public static let queue = RefreshSegments.queue

    public let runID: DuplicateRun.ID
    public var uniqueKey: String? { runID.description }
}

/// Undoes the merges of a run, or goes on with it; the run is that of the undoing.
public struct UndoMerges: Job {
    public static let kind = "duplicates.undo"
    public static let queue = RefreshSegments.queue

    public let runID: DuplicateRun.ID
    public var uniqueKey: String? { runID.description }
}
