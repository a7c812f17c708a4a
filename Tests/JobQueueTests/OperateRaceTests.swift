import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobQueue

@Suite("Operating beside workers")
struct OperateRaceTests {
    private static let back = Outcome.Return(runAt: nil, isUncharged: true)

    /// Claims the only ready job for a worker that is not there.
    private func claim(_ queue: QueueFixture) async throws -> ClaimedJob {
        try #require(try await queue.queue.pipeline(queue.claim(1)).first)
    }

    private func reference(_ job: ClaimedJob) -> JobReference {
        JobReference(tenantID: job.key.tenantID, id: job.key.id)
    }

    /// Until a backend of this database waits for another's lock.
    private func untilOneWaits(_ queue: QueueFixture) async throws {
        try await eventually { try await queue.waitingForLocks() == 1 }
    }

    @Test func `A job that goes back while it is cancelled is cancelled as a waiting one`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note())
            let job = try await claim(queue)
            let cancelling = try await queue.queue.withTransaction { transaction in
                #expect(try await transaction.run(OutcomeStatements.giveBack([(job.key, Self.back)])) == 1)
                let cancelling = Task { [self] in
                    try await queue.queue.pipeline(OperateStatements.cancel([reference(job)]))
                }
                try await untilOneWaits(queue)
                return cancelling
            }
            let (cancelled, asked) = try await cancelling.value
            #expect(cancelled == 1 && asked == 0)
            #expect(try await queue.text("SELECT outcome FROM job.done") == "cancelled")
        }
    }

    @Test func `A job that is cancelled while it goes back ends`() async throws {
        try await withQueue { queue in
            try await queue.enqueue(Note())
            let job = try await claim(queue)
            let returning = try await queue.queue.withTransaction { transaction in
                let (cancelled, asked) = try await transaction.run(OperateStatements.cancel([reference(job)]))
                #expect(cancelled == 0 && asked == 1)
                let returning = Task {
                    try await queue.queue.pipeline(OutcomeStatements.giveBack([(job.key, Self.back)]))
                }
                try await untilOneWaits(queue)
                return returning
            }
            #expect(try await returning.value == 1)
            #expect(try await queue.liveCount() == 0)
            #expect(try await queue.text("SELECT outcome FROM job.done") == "cancelled")
        }
    }

    @Test func `A request to stop one tenant's job does not end another's of the same id`() async throws {
        try await withQueue { queue in
            let id = UUID.v7()
            try await queue.enqueue([NewJob(Note(), id: id)])
            let job = try await claim(queue)
            _ = try await queue.queue.pipeline(OperateStatements.cancel([reference(job)]))
            try await queue.enqueue([NewJob(Note(), id: id)], tenant: queue.otherTenant)
            try await queue.run(
                """
                UPDATE job.job SET state = 'running', worker_id = gen_random_uuid(), lease = \(job.key.lease)
                WHERE tenant_id = \(queue.otherTenant)
                """)
            let other = RunKey(tenantID: queue.otherTenant, id: id, lease: job.key.lease)
            let back = OutcomeStatements.giveBack([(job.key, Self.back), (other, Self.back)])
            #expect(try await queue.queue.pipeline(back) == 2)
            #expect(
                try await queue.text("SELECT tenant_id || state FROM job.job")
                    == "\(other.tenantID)ready".lowercased())
        }
    }

    @Test func `Dead jobs of one key are retried as one job, and their twin that waits takes them in`() async throws {
        try await withQueue { queue in
            let handlers = handling { _, _ in throw JobError.permanent("no") }
            for number in 1...3 {
                try await queue.enqueue([NewJob(Note(number: number, key: "k"), priority: 4 - number)])
                try await withWorker(queue.queue, handlers) { _ in
                    try await eventually { try await queue.deadCount() == number }
                }
            }
            let dead = try await queue.queue.pipeline(OperateStatements.list(.dead, JobFilter(), limit: 10)).map(\.id)
            #expect(try await queue.queue.pipeline(OperateStatements.retry(Array(dead[..<2]))) == 2)
            #expect(try await queue.counts() == [1, 1, 1])
            #expect(try await queue.text("SELECT priority || (parameters ->> 'number') FROM job.job") == "13")
            #expect(try await queue.queue.pipeline(OperateStatements.retry(dead)) == 1)
            #expect(try await queue.counts() == [1, 2, 0])
            #expect(try await queue.number("SELECT count(*) FROM job.done WHERE outcome = 'merged'") == 2)
        }
    }

    @Test func `A dead job whose id is in use again stays dead, and others are retried`() async throws {
        try await withQueue { queue in
            let ids = [UUID.v7(), UUID.v7()]
            try await queue.enqueue(ids.map { NewJob(Note(), id: $0) })
            try await withWorker(queue.queue, handling { _, _ in throw JobError.permanent("no") }) { _ in
                try await eventually { try await queue.deadCount() == 2 }
            }
            try await queue.enqueue([NewJob(Note(), id: ids[0])])
            let retry = OperateStatements.retry(ids.map { JobReference(tenantID: queue.tenant, id: $0) })
            #expect(try await queue.queue.pipeline(retry) == 1)
            #expect(try await queue.counts() == [2, 0, 1])
        }
    }

    @Test func `A job under the id of one that died may die too, and an old run cannot finish a new one`() async throws
    {
        try await withQueue { queue in
            let id = UUID.v7()
            try await queue.enqueue([NewJob(Note(), id: id)])
            let old = try await claim(queue)
            let death = Outcome.Death(reason: .permanent)
            #expect(try await queue.queue.pipeline(OutcomeStatements.bury([(old.key, death)])) == 1)
            try await queue.enqueue([NewJob(Note(), id: id)])
            let new = try await claim(queue)
            #expect(
                try await queue.queue.pipeline(OutcomeStatements.complete([Outcome(key: old.key, verdict: .completed)]))
                    == 0)
            #expect(try await queue.queue.pipeline(OutcomeStatements.bury([(new.key, death)])) == 1)
            #expect(try await queue.number("SELECT lease FROM job.dead") == Int(new.key.lease))
        }
    }
}
