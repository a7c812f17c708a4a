public import Foundation
public import Postgres

/// One entry of the deployment's log: who did what to which tenant or platform key.
public struct PlatformAuditEntry: Sendable {
    public typealias ID = Identifier<PlatformAuditEntry>

    public enum ActorKind: String, JSONChoice { case key, cli, job }

    public let id: ID
    public let occurredAt: Date
    public let actorKind: ActorKind
    public let actorID: UUID?
    /// The key's.
    public let actorName: String?
    public let requestID: String?
    public let address: String?
    /// Such as `tenant.suspended`.
    public let action: String
    public let objectID: UUID
    /// The tenant's short name, also when it was erased, or the key's name.
    public let objectName: String?
    public let data: [String: JSONNode]
}

extension PlatformAuditEntry: JSONObject {
    public static let schemaName = "PlatformAuditEntry"
    public static let schemaDescription = "Who did what to which tenant or platform key."
    public static var example: PlatformAuditEntry {
        PlatformAuditEntry(
            id: Example.id(), occurredAt: Example.time, actorKind: .key, actorID: Example.uuid, actorName: "billing",
            requestID: "2c5ea4c0400671f0", address: "192.0.2.7", action: "tenant.suspended", objectID: Example.uuid,
            objectName: "bazaar", data: [:])
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The entry's id.")
        json.member("occurred_at", occurredAt, "When it was done.")
        json.member("actor_kind", actorKind, "What kind of caller did it.")
        json.member("actor_id", actorID, "Which platform key did it; null for the command line and for jobs.")
        json.member("actor_name", actorName, "What the key is called.")
        json.member("request_id", requestID, "The request that did it.")
        json.member("address", address, "The network address that the request came from.", isPersonal: true)
        json.member("action", action, "What was done, such as tenant.suspended.")
        json.member("object_id", objectID, "The tenant or platform key that it was done to.")
        json.member("object_name", objectName, "The tenant's short name, or the key's name.")
        json.member("data", data, "What else there is to say.")
    }
}

/// Which entries of the deployment's log are wanted; what is `nil` does not matter.
public struct PlatformAuditFilter: Sendable {
    public var actorKinds: [PlatformAuditEntry.ActorKind]?
    public var actorID: UUID?
    public var actions: [String]?
    public var objectID: UUID?
    /// From this time on.
    public var from: Date?
    /// Before this time.
    public var until: Date?

    public init() {}

    var condition: SQL {
        var condition: SQL = "true"
        func and(_ more: SQL) { condition = "\(condition) AND \(more)" }
        if let actorKinds { and("e.actor_kind = ANY (\(actorKinds.map(\.rawValue)))") }
        if let actorID { and("e.actor_id = \(actorID)") }
        if let actions { and("e.action = ANY (\(actions))") }
        if let objectID { and("e.object_id = \(objectID)") }
        if let from { and("e.occurred_at >= \(from)") }
        if let until { and("e.occurred_at < \(until)") }
        return condition
    }
}

extension PlatformAuditEntry: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<PlatformAuditEntry>] {
        [.time("occurred_at", "e.occurred_at") { $0.occurredAt }]
    }
    public var listID: UUID { id.rawValue }
}

extension PlatformAuditEntry {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), occurredAt: try row.next(), actorKind: try row.next(),
            actorID: try row.nextIfPresent(), actorName: try row.nextIfPresent(), requestID: try row.nextIfPresent(),
            address: try row.nextIfPresent(), action: try row.next(), objectID: try row.next(),
            objectName: try row.nextIfPresent(), data: try row.next(JSONValue<[String: JSONNode]>.self).value)
    }
}

extension PlatformAuditEntry.ActorKind: PostgresEncodable, PostgresDecodable {}
