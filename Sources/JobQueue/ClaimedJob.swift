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
    /// Where its row stands since the claim; `nil` where it has to be looked up.
    var location: TupleIdentifier?

    var place: TenantQueue { TenantQueue(tenantID: key.tenantID, queue: queue) }
}

extension [ClaimedJob] {
    /// The jobs of one tenant's queue after those of the other, as claims give them: the jobs that stand together.
    var lots: [(place: TenantQueue, jobs: ArraySlice<ClaimedJob>)] {
        var lots: [(place: TenantQueue, jobs: ArraySlice<ClaimedJob>)] = []
        var start = 0
        for index in indices {
            let next = index + 1
            if next < count, self[next].key.tenantID == self[start].key.tenantID, self[next].queue == self[start].queue
            {
                continue
            }
            lots.append((self[start].place, self[start..<next]))
            start = next
        }
        return lots
    }
}

/// A job that runs according to its row, though nobody runs it: its worker died, or the answer to its claim was lost.
struct Orphan: Sendable {
    let key: RunKey
    let kind: String
    let attempt: Int
    let rescues: Int
}
