public import Foundation
import Postgres

/// That two customers were made one, and how to take that back.
public struct Merge: Sendable {
    public typealias ID = Identifier<Merge>

    /// For how long a merge can be undone.
    static let undoPeriod: TimeInterval = 30 * 86_400

    public let id: ID
    /// Who stayed.
    public let survivorID: Customer.ID
    /// Who was found to be the same.
    public let mergedID: Customer.ID
    /// The merge of many pairs that it belongs to.
    public let runID: DuplicateRun.ID?
    /// What became the survivor's, by kind.
    public let moved: [String: Int]
    public let actorKind: String
    public let actorID: UUID?
    public let undoneAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

extension Merge: Resource {
    public static let kind = "merge"
    public static let schemaName = "Merge"
    public static let schemaDescription = "That two customers were made one."
    public static var example: Merge {
        Merge(
            id: Example.id(), survivorID: Example.id(), mergedID: Example.id(), runID: nil,
            moved: ["order": 3, "contact_point": 1],
            actorKind: "member", actorID: Example.uuid, undoneAt: nil, version: 1, createdAt: Example.time,
            updatedAt: Example.time)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The merge's id.")
        json.member("survivor_id", survivorID, "The customer who stayed.")
        json.member("merged_id", mergedID, "The customer who was found to be the same, and is no more.")
        json.member("run_id", runID, "The merge of many pairs that it was a part of.")
        json.member(
            "moved", moved,
            "What became the survivor's, by kind: order, interaction, response, invitation, consent, stage_change, contact_point, person (of an organisation), segment."
        )
        json.member("actor_kind", actorKind, "What kind of caller did it.")
        json.member("actor_id", actorID, "Which member, key or job did it; null for the command line.")
        json.member("undo_until", createdAt + Self.undoPeriod, "Until when it can be undone.")
        json.member("undone_at", undoneAt, "When it was undone.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension Merge: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<Merge>] { [.time("created_at", "m.created_at") { $0.createdAt }] }
}

/// Which merges a list shows: all unless it says otherwise.
public struct MergeFilter: Sendable {
    /// Either of the two.
    public var customer: Customer.ID?
    public var isUndone: Bool?
    public var run: DuplicateRun.ID?

    public init() {}
}
