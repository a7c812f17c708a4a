import Foundation
import Postgres
import Testing

@testable import JobQueue

@Suite("Where looks begin")
struct ReadyFloorsTests {
    private let place = TenantQueue(tenantID: .v7(), queue: "default")
    private let start = ContinuousClock.now
    private let slow = Duration.milliseconds(100)

    /// A job that stands at this second.
    private func job(_ second: TimeInterval) -> ClaimedJob {
        ClaimedJob(
            key: RunKey(tenantID: place.tenantID, id: .v7(), lease: 1), queue: place.queue, kind: "k", priority: 2,
            runAt: Date(timeIntervalSince1970: second), attempt: 1, maxAttempts: 1, isUnique: false,
            parameters: JSONText(utf8: Array("{}".utf8)), enqueuedAt: Date(), deadline: nil, location: nil)
    }

    private func ready(_ job: ClaimedJob) -> [ReadyQueue] {
        [ReadyQueue(place: place, weight: 1, first: ReadyFloors.Position(job))]
    }

    /// Looks begin behind a claimed job.
    private func behind(_ claimed: ClaimedJob) -> ReadyFloors {
        var floors = ReadyFloors()
        floors.looked(for: slow, claimed: [claimed], since: floors.generation, at: start)
        return floors
    }

    private func begin(_ floors: inout ReadyFloors, at now: ContinuousClock.Instant) {
        let hasBegun = floors.beginWholeLook(at: now)
        #expect(hasBegun)
    }

    @Test func `After a claim that took long looks begin where it ended, after a quick one at the beginning`() {
        let claimed = job(1000)
        var floors = ReadyFloors()
        floors.looked(for: .milliseconds(2), claimed: [claimed], since: floors.generation, at: start)
        #expect(floors.isEmpty && floors[place] == nil && floors.nextWholeLook == nil)
        floors.looked(for: slow, claimed: [claimed], since: floors.generation, at: start)
        #expect(floors[place] == ReadyFloors.Position(priority: 2, runAt: claimed.runAt, id: claimed.key.id))
        // However quick the claims from there are, they move on, and never back.
        floors.looked(for: .milliseconds(1), claimed: [job(1001)], since: floors.generation, at: start)
        floors.looked(for: .milliseconds(1), claimed: [claimed], since: floors.generation, at: start)
        #expect(floors[place]?.runAt == Date(timeIntervalSince1970: 1001))
    }

    @Test func `A look that took long tells where the claims after it begin`() {
        var floors = ReadyFloors()
        floors.found(ready(job(1000)))
        #expect(floors.isEmpty)
        floors.looked(for: slow, claimed: [], since: floors.generation, at: start)
        floors.found(ready(job(1000)))
        #expect(floors[place]?.runAt == Date(timeIntervalSince1970: 1000))
    }

    @Test(arguments: [(0.1, 2.0), (1, 15), (10, 100)])
    func `A look from the beginning is due after twenty times its length, and 15 s or ten times at most`(
        _ seconds: Double, _ rest: Double
    ) {
        var floors = ReadyFloors()
        floors.looked(for: .seconds(seconds), claimed: [], since: floors.generation, at: start)
        #expect(floors.nextWholeLook == start + .seconds(rest))
        let early = floors.beginWholeLook(at: start + .seconds(rest) - .milliseconds(1))
        let inTime = floors.beginWholeLook(at: start + .seconds(rest))
        let again = floors.beginWholeLook(at: start + .seconds(rest * 2))
        #expect(!early && inTime && !again, "one at a time")
    }

    @Test func `What the look from the beginning finds before the place is looked for from there`() {
        var floors = behind(job(1000))
        let due = start + .seconds(60)
        begin(&floors, at: due)
        let generation = floors.generation
        floors.looked(for: slow, claimed: [job(1005)], since: generation, at: due)
        let better = job(900)
        let isMore = floors.endWholeLook(found: ready(better), took: slow, at: due)
        #expect(isMore && floors[place] == ReadyFloors.Position(better))
        // A claim that began before would jump over it.
        floors.looked(for: slow, claimed: [job(1010)], since: generation, at: due)
        #expect(floors[place] == ReadyFloors.Position(better))
    }

    @Test func `What was claimed beside the look from the beginning is not gone back to`() {
        var floors = behind(job(1000))
        let due = start + .seconds(60)
        begin(&floors, at: due)
        floors.looked(for: slow, claimed: [job(1005)], since: floors.generation, at: due)
        let isMore = floors.endWholeLook(found: ready(job(1001)), took: slow, at: due)
        #expect(!isMore && floors[place]?.runAt == Date(timeIntervalSince1970: 1005))
        #expect(floors.nextWholeLook == due + .seconds(2))
    }

    @Test func `After a quick look from the beginning all begin there again`() {
        var floors = behind(job(1000))
        let due = start + .seconds(60)
        let generation = floors.generation
        begin(&floors, at: due)
        let isMore = floors.endWholeLook(found: [], took: .milliseconds(1), at: due)
        #expect(isMore && floors.isEmpty && floors[place] == nil)
        // What began before ends too late to count.
        floors.looked(for: slow, claimed: [job(1000)], since: generation, at: due)
        #expect(floors.isEmpty)
    }

    @Test
    func `When something may have come back a look from the beginning is due, and one that began before is no such`() {
        var floors = behind(job(1000))
        floors.reset(at: start)
        #expect(floors.nextWholeLook == start && floors[place] != nil)
        begin(&floors, at: start)
        floors.reset(at: start)
        _ = floors.endWholeLook(found: [], took: slow, at: start)
        #expect(floors.nextWholeLook == start)
    }

    @Test func `A look from the beginning that failed is made again later`() {
        var floors = behind(job(1000))
        let due = start + .seconds(60)
        begin(&floors, at: due)
        let isMore = floors.endWholeLook(found: nil, took: slow, at: due)
        #expect(!isMore && floors[place] != nil && floors.nextWholeLook == due + .seconds(2))
    }
}
