public import FoundationEssentials
public import Postgres

/// How `job.job` itself stands, the table that every claim reads: rows that were updated or deleted stay in it until a
/// vacuum, and many of them slow claims down.
public struct HotTableStatistics: Sendable, Equatable {
    /// Rows that no transaction needs any more, or none but one that is open for long; an estimate of the server.
    public let deadTuples: Int
    /// Jobs that wait or run; an estimate of the server, which costs nothing however many they are.
    public let liveTuples: Int
    /// When a vacuum, by hand or by itself, ended last; `nil` for never since the server's statistics were reset.
    public let vacuumedAt: Date?
    /// The table with its indexes.
    public let bytes: Int

    /// As `mehvar_queue`.
    public static var statement: Statement<HotTableStatistics> {
        Statement(
            "job.hot_table",
            """
            SELECT s.n_dead_tup, s.n_live_tup, greatest(s.last_vacuum, s.last_autovacuum),
                pg_total_relation_size(s.relid)
            FROM pg_stat_user_tables s WHERE s.relid = 'job.job'::regclass
            """,
            one: { row in
                HotTableStatistics(
                    deadTuples: try row.next(), liveTuples: try row.next(), vacuumedAt: try row.nextIfPresent(),
                    bytes: try row.next())
            })
    }
}
