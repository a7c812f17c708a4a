public import Foundation
import Postgres

/// One entry of the audit log: who did what to which object, and what was changed of it.
public struct AuditEntry: Sendable {
    public typealias ID = Identifier<AuditEntry>

    public enum ActorKind: String, JSONChoice { case member, key, job, cli, respondent, platform }

    public let id: ID
    public let occurredAt: Date
    public let actorKind: ActorKind
    public let actorID: UUID?
    /// The member's or the key's, as it is called now.
    public let actorName: String?
    public let requestID: String?
    public let address: String?
    /// Such as `customer.updated`.
    public let action: String
    public let objectKind: String
    public let objectID: UUID
    /// The values before and after, by member.
    public let changes: [String: Change]
    public let data: [String: JSONNode]

    /// What became of a member of the object.
    public struct Change: Sendable {
        public let before: JSONNode
        public let after: JSONNode
        /// Whether the values told something of a person and were erased.
        public let isErased: Bool
    }
}

extension AuditEntry: JSONObject {
    public static let schemaName = "AuditEntry"
    public static let schemaDescription = "Who did what to which object, and what was changed of it."
    public static var example: AuditEntry {
        AuditEntry(
            id: Example.id(), occurredAt: Example.time, actorKind: .member, actorID: Example.uuid,
            actorName: "سارا رضایی",
            requestID: "2c5ea4c0400671f0", address: "192.0.2.7", action: "customer.updated", objectKind: "customer",
            objectID: Example.uuid, changes: ["stage": .example], data: [:])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The entry's id.")
        json.member("occurred_at", occurredAt, "When it was done.")
        json.member("actor_kind", actorKind, "What kind of caller did it.")
        json.member(
            "actor_id", actorID, "Which member, key or job did it; null for the command line and respondents."
        )
        json.member("actor_name", actorName, "What the member or key is called now.", isPersonal: true)
        json.member("request_id", requestID, "The request that did it.")
        json.member("address", address, "The network address that the request came from.", isPersonal: true)
        json.member("action", action, "What was done, such as customer.updated.")
        json.member("object_kind", objectKind, "The kind of object that it was done to.")
        json.member("object_id", objectID, "The object's id.")
        json.member("changes", changes, "Each member of the object that was changed.")
        json.member("data", data, "What else there is to say, such as how many rows were imported.")
    }
}

extension AuditEntry.Change: JSONObject {
    public static let schemaName = "AuditChange"
    public static let schemaDescription = "What became of a member of an object."
    public static var example: AuditEntry.Change {
        AuditEntry.Change(before: .string("potential"), after: .string("actual"), isErased: false)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("before", before, "The value before; null for a new object, *** for a secret.", isPersonal: true)
        json.member(
            "after", after, "The value after; null for an object that is gone, *** for a secret.", isPersonal: true)
        json.member("is_erased", isErased, "Whether the values told something of a person and were erased.")
    }
}

/// Which entries are wanted; what is `nil` does not matter.
public struct AuditFilter: Sendable {
    public var actorKinds: [AuditEntry.ActorKind]?
    public var actorID: UUID?
    public var actions: [String]?
    public var objectKinds: [String]?
    public var objectID: UUID?
    /// From this time on.
    public var from: Date?
    /// Before this time.
    public var until: Date?

    public init() {}

    /// Names of actions and kinds of objects.
    public static let word = TextRule.matching(
        "[a-z_]+(\\.[a-z_]+)?", "invalid", "A name such as customer.updated."
    ) { $0.utf8.count <= 100 && $0.wholeMatch(of: /[a-z_]+(\.[a-z_]+)?/) != nil }
}
