import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

@Suite("Fairness", .serialized)
struct FairnessTests {
    @Test func `Fifty saturated tenants complete about the same number of jobs`() async throws {
        try await withQueue { queue in
            let tenants = (0..<50).map { _ in UUID.v7() }
            for tenant in tenants {
                try await queue.addTenant(tenant)
                try await queue.enqueue((0..<300).map { NewJob(Note(number: $0)) }, tenant: tenant)
            }
            let completed = Log<UUID>()
            try await withWorker(queue.queue, handling { completed.add($1.tenantID) }, concurrency: 20) { _ in
                try await eventually { completed.count >= 12_000 }
            }
            // What came later does not count: in the end all tenants have the same number.
            let counts = Dictionary(completed.entries.prefix(12_000).map { ($0, 1.0) }, uniquingKeysWith: +)
            let found = tenants.map { counts[$0] ?? 0 }
            // Jain, Chiu, Hawe, “A Quantitative Measure of Fairness”, 1984.
            let sum = found.reduce(0, +)
            let index = sum * sum / (50 * found.reduce(0) { $0 + $1 * $1 })
            #expect(index >= 0.95, "\(found)")
        }
    }

    @Test func `A tenant of three times the weight completes three times as much while all have more than enough`()
        async throws
    {
        try await withQueue { queue in
            // With a third one, three times as much is less than the slots that one tenant may have at the most.
            let heavy = UUID.v7()
            try await queue.addTenant(heavy, weight: 3)
            let light = [queue.tenant, queue.otherTenant]
            for tenant in light + [heavy] {
                try await queue.enqueue((0..<1_500).map { NewJob(Note(number: $0)) }, tenant: tenant)
            }
            let completed = Log<UUID>()
            let handlers = handling { _, context in
                // How long the jobs take, which is what is shared.
                try await Task.sleep(for: .milliseconds(2))
                completed.add(context.tenantID)
            }
            try await withWorker(queue.queue, handlers) { _ in
                try await eventually { completed.count >= 1_500 }
            }
            let counts = Dictionary(completed.entries.prefix(1_500).map { ($0, 1.0) }, uniquingKeysWith: +)
            for tenant in light {
                let ratio = try #require(counts[heavy]) / #require(counts[tenant])
                #expect((2.3...3.9).contains(ratio), "\(counts.values)")
            }
        }
    }

    @Test func `A hundred thousand jobs of one tenant, enqueued at once, delay another tenant's one by a round`()
        async throws
    {
        try await withQueue { queue in
            #expect(try await queue.enqueue((0..<100_000).map { NewJob(Note(number: $0)) }) == 100_000)
            #expect(try await queue.liveCount() == 100_000)
            let busy = UUID.v7()
            try await queue.addTenant(busy)
            try await queue.enqueue((0..<100).map { NewJob(Note(number: $0)) }, tenant: busy)
            let starts = Log<UUID>()
            let gate = Gate()
            let handlers = handling { _, context in
                starts.add(context.tenantID)
                await gate.pass()
                // A round takes as long as its jobs, and a look for who has work less.
                try await Task.sleep(for: .milliseconds(20))
            }
            let concurrency = 8
            try await withWorker(queue.queue, handlers, concurrency: concurrency) { worker in
                // No slot is left: those that the first tenant may not have are the second one's.
                try await eventually { starts.count == concurrency }
                try await queue.enqueue(Note(), tenant: queue.otherTenant)
                worker.wake()
                while !starts.entries.contains(queue.otherTenant), starts.count < 2 * concurrency {
                    let before = starts.count
                    gate.open()
                    try await eventually { starts.count > before }
                }
                #expect(starts.entries.contains(queue.otherTenant))
                gate.open(10_000)
            }
        }
    }
}
