import FoundationEssentials
import Postgres

/// One run of a job: the lease tells it from other runs of the same job.
struct RunKey: Hashable, Sendable {
    let tenantID: UUID
    let id: UUID
    let lease: Int64

    /// Ids are unique by themselves but for those that tenants choose.
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A job that this worker took.
struct ClaimedJob: Sendable {
    let key: RunKey
    let queue: String
    let kind: String
    let priority: Int
    /// When it was due.
    let runAt: Date
    let attempt: Int
    let maxAttempts: Int
    let isUnique: Bool
    let parameters: JSONText
    let enqueuedAt: Date
    /// Not started after this moment.
    let deadline: Date?
}

/// A job that runs according to its row, though nobody runs it: its worker died, or the answer to its claim was lost.
struct Orphan: Sendable {
    let key: RunKey
    let kind: String
    let attempt: Int
    let rescues: Int
}
