public import FoundationEssentials
public import Postgres

/// A kind of job that looks after many objects at once, such as those that changed lately.
///
/// ``note(tenant:items:)`` notes objects in the caller's transaction; soon after it has committed a worker sees to it that a
/// job of the kind waits. Writers only append, so they never wait for each other, as those who enqueue a job with a unique key
/// do. The handler takes what was noted, with ``take(tenant:atMost:)``, in the transaction in which it does the work: if that
/// rolls back, what it took is still there. One job of a tenant waits at most and one runs, and what is noted while one runs is
/// for the next.
public protocol GatheringJob: Job {
    init()
}

extension GatheringJob {
    public var uniqueKey: String? { "gathered" }

    /// Notes objects for a job of this kind. The tenant must have a row in `job.tenant`.
    public static func note(tenant: UUID, items: [UUID]) -> Statement<Void> {
        Statement(
            effect: "job.gather_items",
            """
            INSERT INTO job.gathered (tenant_id, kind, id, queue, item)
            SELECT \(tenant), \(kind), g.id, \(queue), g.item
            FROM unnest(\(items.map { _ in UUID.v7() }), \(items)) AS g (id, item)
            ON CONFLICT DO NOTHING
            """)
    }

    /// Takes what was noted, the oldest first; an object that was noted several times may come several times.
    public static func take(tenant: UUID, atMost limit: Int) -> Statement<[UUID]> {
        Statement(
            "job.take_gathered",
            """
            DELETE FROM job.gathered g
            -- An array is made once, where a joined selection might be made again and take more.
            WHERE g.tenant_id = \(tenant) AND g.kind = \(kind) AND g.id = ANY (ARRAY(
                SELECT o.id FROM job.gathered o WHERE o.tenant_id = \(tenant) AND o.kind = \(kind)
                ORDER BY o.id LIMIT \(limit) FOR UPDATE SKIP LOCKED))
            RETURNING g.item
            """, all: { try $0.next() })
    }
}
