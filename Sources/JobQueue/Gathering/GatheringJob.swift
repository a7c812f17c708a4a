public import FoundationEssentials
public import Postgres

/// A kind of job that looks after many objects at once, such as those that changed lately.
///
/// ``statement(tenant:items:)`` notes objects in the caller's transaction; soon after it has committed a worker makes one job
/// of what was noted, for up to ``maximumItems`` of a tenant. Writers only append, so they never wait for each other, as those
/// who enqueue a job with a unique key do. The job starts after the commit of everything that it was made of. Each object is
/// in one job at least; several jobs of a kind may run at once.
public protocol GatheringJob: Job {
    /// What it looks after, each once, in no order.
    var items: [UUID] { get }
}

extension GatheringJob {
    /// Most items of one job.
    public static var maximumItems: Int { Gatherer.maximumItems }

    /// Notes objects for a job of this kind. The tenant must have a row in `job.tenant`.
    public static func statement(tenant: UUID, items: [UUID]) -> Statement<Void> {
        Statement(
            effect: "job.gather_items",
            """
            INSERT INTO job.gathered (tenant_id, id, queue, kind, version, item)
            SELECT \(tenant), g.id, \(queue), \(kind), \(Int32(clamping: version)), g.item
            FROM unnest(\(items.map { _ in UUID.v7() }), \(items)) AS g (id, item)
            ON CONFLICT DO NOTHING
            """)
    }
}
