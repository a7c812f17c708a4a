public import ArgumentParser
import CRM
public import Foundation
import JobQueue
import Postgres

extension UUID: @retroactive ExpressibleByArgument {
    public init?(argument: String) { self.init(uuidString: argument) }
}

/// One failed attempt.
struct JobFailureView: Codable {
    let attempt: Int
    let at: String
    let error: String
}

extension JobRecord {
    /// The errors of its attempts, in order.
    var failures: [JobFailureView] {
        do { return try JSONDecoder().decode([JobFailureView].self, from: Data(errors.utf8)) } catch { return [] }
    }
}

/// A job as `mehvar jobs` prints it.
struct JobView: Encodable {
    let id: String
    let tenant: String
    let state: String
    let queue: String
    let kind: String
    let priority: Int
    let attempt: Int
    let maxAttempts: Int?
    let note: String?
    let uniqueKey: String?
    let batchId: String?
    let parameters: JSONNode?
    let createdAt: Date
    let dueAt: Date
    let startedAt: Date?
    let endedAt: Date?
    let errors: [JobFailureView]

    init(_ job: JobRecord, _ slugs: [UUID: String]) {
        id = job.id.id.uuidString.lowercased()
        tenant = slugs[job.id.tenantID] ?? job.id.tenantID.uuidString.lowercased()
        state = job.place.rawValue
        queue = job.queue
        kind = job.kind
        priority = job.priority
        attempt = job.attempt
        maxAttempts = job.maxAttempts
        note = job.note
        uniqueKey = job.uniqueKey
        batchId = job.batchID?.uuidString.lowercased()
        // What cannot be shown as JSON, such as a number beyond all bounds, is shown as it is written.
        parameters = job.parameters.map {
            (try? JSONDecoder().decode(JSONNode.self, from: Data($0.utf8)))
                ?? .string(String(decoding: $0.utf8, as: UTF8.self))
        }
        createdAt = job.createdAt
        dueAt = job.runAt
        startedAt = job.startedAt
        endedAt = job.endedAt
        errors = job.failures
    }
}

/// A queue as `mehvar jobs stats` prints it.
struct QueueView: Encodable {
    let queue: String
    let isPaused: Bool
    let pausedTenants: Int
    let ready: Int
    let oldestReadySeconds: Double?
    let scheduled: Int
    let running: Int
    let dead: Int
    let done: Int
    let startP50Ms: Double?
    let startP99Ms: Double?
    let runP50Ms: Double?
    let runP99Ms: Double?
    let worstTenant: String?
    let worstTenantP99Ms: Double?

    init(_ queue: QueueStatistics, _ slugs: [UUID: String]) {
        self.queue = queue.queue
        isPaused = queue.isPaused
        pausedTenants = queue.pausedTenants
        ready = queue.ready
        oldestReadySeconds = queue.oldestReadySeconds
        scheduled = queue.scheduled
        running = queue.running
        dead = queue.dead
        done = queue.done
        startP50Ms = queue.startP50
        startP99Ms = queue.startP99
        runP50Ms = queue.runP50
        runP99Ms = queue.runP99
        worstTenant = queue.worstTenant.map { slugs[$0] ?? $0.uuidString.lowercased() }
        worstTenantP99Ms = queue.worstTenantP99
    }
}
