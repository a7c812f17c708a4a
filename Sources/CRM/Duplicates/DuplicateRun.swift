public import Foundation
public import Postgres

/// That all customers are looked through for pairs, or that many pairs are merged, or that this is undone: what was asked for, and how
/// far it has come.
public struct DuplicateRun: Sendable {
    public typealias ID = Identifier<DuplicateRun>

    public enum Kind: String, JSONChoice, PostgresEncodable, PostgresDecodable {
        case scan
        case merge = "bulk_merge"
        case undo
    }

    public enum State: String, JSONChoice { case waiting, running, finished }

    public let id: ID
    public let type: Kind
    /// The pairs that are merged, where they were named.
    public let duplicateIDs: [Duplicate.ID]?
    /// The score from which on pairs are merged, where they were not.
    public let minimumScore: Int?
    /// The run whose merges are undone.
    public let undoneRunID: DuplicateRun.ID?
    /// Customers, pairs or merges that there were to look at when it was asked for.
    public let total: Int
    public let lookedAt: Int
    public let found: Int
    public let merged: Int
    public let undone: Int
    public let skipped: Int
    public let error: String?
    public let actorKind: String
    public let actorID: UUID?
    public let startedAt: Date?
    public let finishedAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date

    public var state: State { finishedAt != nil ? .finished : startedAt != nil ? .running : .waiting }
}

extension DuplicateRun: Resource {
    public static let kind = "duplicate_run"
    public static let schemaName = "DuplicateRun"
    public static let schemaDescription =
        "That all customers are looked through for pairs, that many pairs are merged, or that this is undone, and how far it has come."
    public static var example: DuplicateRun {
        DuplicateRun(
            id: Example.id(), type: .scan, duplicateIDs: nil, minimumScore: nil, undoneRunID: nil, total: 120_000,
            lookedAt: 40_000, found: 812, merged: 0, undone: 0, skipped: 0, error: nil, actorKind: "member",
            actorID: Example.uuid,
            startedAt: Example.time, finishedAt: nil, version: 9, createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The run's id.")
        json.member("kind", type, "Whether it looks through all customers, merges pairs, or undoes merges.")
        json.member("state", state, "Whether it has begun, and has ended.")
        json.member("duplicate_ids", duplicateIDs, "The pairs that are merged, where they were named.")
        json.member(
            "minimum_score", minimumScore, "The score from which on pairs are merged, where they were not named.")
        json.member("undone_run_id", undoneRunID, "The run whose merges are undone, the newest first.")
        json.member("total", total, "How many customers, pairs or merges there were to look at when it was asked for.")
        json.member("looked_at", lookedAt, "How many were looked at by now.")
        json.member("found", found, "Pairs that a scan has found, also those that were known or decided.")
        json.member("merged", merged, "Pairs that were merged.")
        json.member("undone", undone, "Merges that were undone.")
        json.member(
            "skipped", skipped,
            "Pairs that were not, since they were decided, or one of the customers gone, by then; merges that could not be undone any more."
        )
        json.member("error", error, "Why the last attempt failed; it is tried again.")
        json.member("actor_kind", actorKind, "What kind of caller asked for it.")
        json.member("actor_id", actorID, "Which member, key or job asked for it; null for the command line.")
        json.member("started_at", startedAt, "When it began.")
        json.member("finished_at", finishedAt, "When it ended.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension DuplicateRun: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<DuplicateRun>] { [.time("created_at", "r.created_at") { $0.createdAt }] }
}

/// Which pairs are to be merged: those that are named, or the open ones from a score on, the likeliest first.
public enum MergedDuplicates: Sendable {
    case some([Duplicate.ID])
    case likely(minimumScore: Int, limit: Int)

    /// Most pairs that are named at once.
    public static let maximumNamed = 100
    /// Most pairs that are merged at once.
    public static let maximum = 100_000
    public static let usualLimit = 10_000
}
