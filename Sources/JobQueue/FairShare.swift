import FoundationEssentials

/// Shares free slots between tenants with ready work: each slot goes to the tenant that holds the fewest for its
/// weight.
///
/// Since slots are held for as long as jobs run, tenants get equal shares of running time, not of jobs. Between equals
/// the one that was served longest ago comes first, also when there are fewer slots than tenants.
struct FairShare {
    private var turn = 0
    private var served: [UUID: Int] = [:]

    private struct Claimant {
        let tenantID: UUID
        let weight: Double
        var held: Int
        var queues: [Demand]
        var lastServed: Int
        var given = 0

        /// The load after one slot more.
        var load: Double { Double(held + 1) / weight }

        static func precedes(_ left: Claimant, _ right: Claimant) -> Bool {
            left.load != right.load ? left.load < right.load : left.lastServed < right.lastServed
        }
    }

    /// - Parameter held: the slots that tenants hold now.
    mutating func split(_ slots: Int, among ready: [ReadyQueue], held: [UUID: Int]) -> [Demand] {
        guard slots > 0 else { return [] }
        var claimants = claimants(ready, held)
        if claimants.count > slots {
            // At most as many tenants as slots get any: the least loaded.
            claimants.sort(by: Claimant.precedes)
            claimants.removeLast(claimants.count - slots)
        }
        for _ in 0..<slots {
            guard let index = claimants.indices.min(by: { Claimant.precedes(claimants[$0], claimants[$1]) }) else {
                break
            }
            turn += 1
            claimants[index].queues[claimants[index].given % claimants[index].queues.count].slots += 1
            claimants[index].given += 1
            claimants[index].held += 1
            claimants[index].lastServed = turn
        }
        if served.count > 10_000 { served = [:] }
        for claimant in claimants { served[claimant.tenantID] = claimant.lastServed }
        return claimants.flatMap(\.queues).filter { $0.slots > 0 }
    }

    private func claimants(_ ready: [ReadyQueue], _ held: [UUID: Int]) -> [Claimant] {
        var claimants: [Claimant] = []
        var positions: [UUID: Int] = [:]
        for queue in ready {
            let demand = Demand(tenantID: queue.tenantID, queue: queue.queue, slots: 0)
            if let position = positions[queue.tenantID] {
                claimants[position].queues.append(demand)
            } else {
                positions[queue.tenantID] = claimants.count
                claimants.append(
                    Claimant(
                        tenantID: queue.tenantID, weight: Double(max(1, queue.weight)),
                        held: held[queue.tenantID] ?? 0, queues: [demand], lastServed: served[queue.tenantID] ?? 0))
            }
        }
        return claimants
    }
}
