public import Foundation
public import JobQueue

/// That everything of a tenant was erased, or how far it has come. It outlives the tenant.
public struct Erasure: Sendable {
    public typealias ID = Identifier<Erasure>

    /// The tenant's.
    public let id: ID
    public let slug: String
    public let beganAt: Date
    /// When every table was looked at and nothing was left.
    public let endedAt: Date?
    /// Rows that were erased, by table.
    public let erased: [String: Int]
}

extension Erasure: Resource {
    public static let kind = "erasure"
    public static let schemaName = "Erasure"
    public static let schemaDescription = "That everything of a tenant was erased, or how far it has come."
    public static var example: Erasure {
        Erasure(
            id: Example.id(), slug: "bazaar", beganAt: Example.time, endedAt: Example.later,
            erased: ["crm.customer": 1200, "crm.member": 3])
    }
    public var version: Int { erased.values.reduce(endedAt == nil ? 0 : 1, +) }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The tenant's id.")
        json.member("slug", slug, "The tenant's short name, which is free again.")
        json.member("began_at", beganAt, "When erasing began.")
        json.member("ended_at", endedAt, "When every table was looked at and nothing was left.")
        json.member("erased", erased, "Rows that were erased, by table.")
    }
}

/// How much a tenant keeps and does.
public struct TenantUsage: Sendable {
    public let customers: Int
    public let members: Int
    public let keys: Int
    /// Within the last 30 days.
    public let mails: Int
    public let responses: Int
    public let waitingJobs: Int
    public let deadJobs: Int
}

extension TenantUsage: JSONObject {
    public static let schemaName = "TenantUsage"
    public static let schemaDescription = "How much a tenant keeps and does."
    public static var example: TenantUsage {
        TenantUsage(customers: 1200, members: 3, keys: 2, mails: 840, responses: 311, waitingJobs: 0, deadJobs: 0)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("customers", customers, "Customers that it keeps.")
        json.member("members", members, "People who work for it.")
        json.member("keys", keys, "Keys that are good.")
        json.member("mails_sent_30_days", mails, "Invitations that were sent within the last 30 days.")
        json.member("responses_30_days", responses, "Responses that came within the last 30 days.")
        json.member("waiting_jobs", waitingJobs, "Background jobs that wait.")
        json.member("dead_jobs", deadJobs, "Background jobs that were given up.")
    }
}

/// Erases a tenant whose time has come. It runs for the deployment itself: the tenant's own jobs are held.
public struct EraseTenant: Job {
    public static let kind = "tenant.erase"

    public let tenantID: Tenant.ID
    public var uniqueKey: String? { "erase:\(tenantID)" }

    /// Whose jobs those of the deployment itself are.
    static let deployment = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
