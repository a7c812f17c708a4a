import FoundationEssentials
import Postgres

/// Writes outcomes, many in a statement. Each names its lease: a run that is not the present one changes nothing. Each
/// statement gives how many jobs it moved. (`sql/routines/job_1_finish.sql`)
enum OutcomeStatements {
    /// One writer serves all runs: what somebody else keeps locked is tried again beside the others.
    static var patience: Statement<Void> {
        Statement(effect: "job.patience", "SELECT set_config('lock_timeout', '100ms', true)")
    }

    /// Moves completed jobs to `job.done`.
    static func complete(_ outcomes: [Outcome]) -> Statement<Int> {
        let keys = outcomes.map(\.key)
        return Statement(
            "job.complete",
            """
            SELECT job.archive(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)),
                array_fill('completed'::text, ARRAY[\(Int32(clamping: keys.count))]),
                \(NullableArray(outcomes.map { $0.run?.job.location })))
            """, one: { try $0.next() })
    }

    /// Puts jobs back into the queue; those that were to be cancelled end instead, those whose twin waits become one
    /// with it.
    static func giveBack(_ outcomes: [(key: RunKey, back: Outcome.Return)]) -> Statement<Int> {
        let keys = outcomes.map(\.key)
        let back = outcomes.map(\.back)
        return Statement(
            "job.give_back",
            """
            SELECT job.give_back(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)),
                \(back.map { $0.runAt == nil ? "ready" : "scheduled" }), \(NullableArray(back.map(\.runAt))),
                \(back.map { Int32($0.isUncharged ? 1 : 0) }), \(back.map { Int32($0.isRescue ? 1 : 0) }),
                \(back.map(\.errors)))
            """, one: { try $0.next() })
    }

    /// Moves jobs to `job.dead`.
    static func bury(_ outcomes: [(key: RunKey, death: Outcome.Death)]) -> Statement<Int> {
        let keys = outcomes.map(\.key)
        let deaths = outcomes.map(\.death)
        return Statement(
            "job.bury",
            """
            SELECT job.bury(\(keys.map(\.tenantID)), \(keys.map(\.id)), \(keys.map(\.lease)), \(deaths.map(\.reason)),
                \(deaths.map { Int32($0.reason == .rescues ? 1 : 0) }), \(deaths.map(\.errors)))
            """, one: { try $0.next() })
    }
}
