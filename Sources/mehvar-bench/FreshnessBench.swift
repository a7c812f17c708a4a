import CRM
import Foundation

/// How long it takes until a change of a customer is seen in a segment, with a worker, at a rate of changes that is ordinary for a large
/// business, and with as many rules as there are templates.
struct FreshnessBench {
    let database: Database
    let context: TenantContext
    let worker: String
    /// Of the tenant.
    let customers: Int
    let seconds: Int

    /// A second; each asks every rule.
    private static let changes = 20
    /// In milliseconds.
    private static let limit = 5000.0

    func measure() async throws -> Measurement.Case {
        let segments = SegmentService(database: database)
        let rule: JSONNode = .object(["field": .string("tags"), "op": .string("eq"), "value": .string("fresh")])
        var ids: [Segment.ID] = []
        for (name, rule) in [("fresh", rule)] + SegmentTemplate.all.map({ ("template \($0.name)", $0.rule) }) {
            ids.append(
                try await segments.create(context, SegmentValues(name: name, kind: .rule, rule: rule)).id)
        }
        let (watched, waiting) = (ids[0], ids)
        let times = try await Tool.running(worker) {
            for id in waiting {
                while try await segments.find(context, id).evaluatedAt == nil {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            return try await changing(watched)
        }
        let sorted = times.sorted()
        return Measurement.Case(
            name: "freshness p99", unit: "ms", values: [sorted[(sorted.count - 1) * 99 / 100]], floors: [Self.limit],
            memoryMb: 0, isCost: true, goal: 1)
    }

    /// Changes customers one after the other, and looks for them in the segment meanwhile.
    private func changing(_ segment: Segment.ID) async throws -> [Double] {
        let (all, step) = (seconds * Self.changes, max(1, customers / (seconds * Self.changes)))
        let numbers = (0..<all).map { ($0 * step % customers + 1) * 10 }
        let (changed, clock) = (Changed(), ContinuousClock())
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let service = CustomerService(database: database)
                var next = clock.now
                for number in numbers {
                    try await clock.sleep(until: next)
                    next += .seconds(1) / Self.changes
                    guard let id = Customer.ID(ScalePopulation.id(number)) else { continue }
                    _ = try await service.update(context, id, ifVersion: nil) { values in
                        var values = values
                        values.tags.append("fresh")
                        return values
                    }
                    await changed.note(id, clock.now)
                }
            }
            let members = SegmentMembers(database: database)
            var times: [Double] = []
            let end = clock.now + .seconds(seconds + 60)
            while times.count < all {
                guard clock.now < end else {
                    throw Tool.Failure(description: "\(all - times.count) of \(all) changes are not seen")
                }
                let page = try await members.changes(context, of: segment, PageRequest(limit: 200))
                let now = clock.now
                for change in page.items {
                    if let moment = await changed.take(change.customerID) {
                        times.append((now - moment) / .milliseconds(1))
                    }
                }
                try await clock.sleep(for: .milliseconds(50))
            }
            try await group.waitForAll()
            return times
        }
    }

    private actor Changed {
        private var moments: [Customer.ID: ContinuousClock.Instant] = [:]

        func note(_ id: Customer.ID, _ moment: ContinuousClock.Instant) { moments[id] = moment }
        func take(_ id: Customer.ID) -> ContinuousClock.Instant? { moments.removeValue(forKey: id) }
    }
}
