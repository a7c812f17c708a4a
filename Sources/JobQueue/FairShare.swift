import FoundationEssentials

/// Shares free slots between tenants with ready work by deficit round robin, charged by measured run time. (Shreedhar,
/// Varghese, “Efficient Fair Queuing Using Deficit Round-Robin”, 1995. What a job costs is known only when it has ended, so
/// an estimate is charged first and corrected then.)
///
/// In each round a tenant earns a quantum of run time for each unit of its weight and spends it on jobs. So tenants get
/// equal shares of running time for their weight, whatever their jobs take, and one that enqueues a single job is served
/// within a round.
struct FairShare {
    private struct Account {
        /// Run time in seconds that may be spent; less than nothing after jobs that took longer than estimated.
        var deficit = 0.0
        /// What a job of this tenant takes, in seconds.
        var estimate = firstEstimate
        /// The queue that was served last, so that the next one's turn comes first, whatever the ring does meanwhile.
        var lastQueue: String?
    }

    private static let smallestEstimate = 0.000_1
    private static let firstEstimate = 0.001
    /// Rounds after which a debt is forgiven, so that one long job does not keep its tenant out for as long.
    private static let roundsOfDebt = 16.0
    private static let knownTenants = 10_000

    private var accounts: [UUID: Account] = [:]
    /// The tenants with ready work, the one whose turn it is first.
    private var ring: [UUID] = []
    /// Whether the first one's turn was cut short since there were no more slots.
    private var isWithinTurn = false
    /// The most slots that one tenant may hold, so that another one's first job need not wait for an end: of those that
    /// all queues share, and of those that a queue has for itself.
    private let mostPerTenant: Int
    private let mostReserved: [String: Int]

    init(slots: Int, queues: [String: QueueSlots] = [:]) {
        let reserved = queues.mapValues(\.reserved).filter { $0.value > 0 }
        mostPerTenant = Self.most(of: slots - reserved.values.reduce(0, +))
        mostReserved = reserved.mapValues { Self.most(of: $0) }
    }

    private static func most(of slots: Int) -> Int { max(1, (slots * 3 + 3) / 4) }

    /// Corrects what was charged for runs that have ended.
    mutating func charge(_ runs: [UUID: RunTime]) {
        for (tenant, run) in runs where run.count > 0 {
            var account = accounts[tenant] ?? Account()
            account.deficit -= run.seconds - Double(run.count) * account.estimate
            let mean = max(Self.smallestEstimate, run.seconds / Double(run.count))
            account.estimate += (mean - account.estimate) * min(1, Double(run.count) / 8)
            accounts[tenant] = account
        }
    }

    /// Gives back what was charged for jobs that were not there.
    mutating func refund(_ tenant: UUID, jobs: Int) {
        guard var account = accounts[tenant] else { return }
        account.deficit += Double(jobs) * account.estimate
        accounts[tenant] = account
    }

    /// The jobs to claim from each queue.
    ///
    /// - Parameter held: the slots that tenants' queues hold now.
    mutating func split(_ budget: SlotBudget, among ready: [ReadyQueue], held: [TenantQueue: Int] = [:]) -> [Demand] {
        var (budget, claimants) = (budget, claimants(ready, held))
        line(up: claimants)
        let quantum = settle(claimants)
        var full = 0
        while full < ring.count, budget.total > 0 {
            let tenant = ring[0]
            guard var claimant = claimants[tenant], var account = accounts[tenant] else { break }
            if !isWithinTurn { account.deficit += quantum * claimant.weight }
            var canTake = true
            while account.deficit >= account.estimate, canTake {
                canTake = claimant.take(from: &budget)
                if canTake { account.deficit -= account.estimate }
            }
            isWithinTurn = budget.total == 0 && account.deficit >= account.estimate
            // What cannot be spent for want of slots is not saved up.
            if !canTake { account.deficit = min(account.deficit, quantum * claimant.weight) }
            full = canTake ? 0 : full + 1
            account.lastQueue = claimant.lastQueue
            accounts[tenant] = account
            claimants[tenant] = claimant
            if !isWithinTurn { ring.append(ring.removeFirst()) }
        }
        return ring.flatMap { claimants[$0]?.demands.filter { $0.slots > 0 } ?? [] }
    }

    private func claimants(_ ready: [ReadyQueue], _ held: [TenantQueue: Int]) -> [UUID: Claimant] {
        var claimants: [UUID: Claimant] = [:]
        var shared: [UUID: Int] = [:]
        for (place, count) in held {
            shared[place.tenantID, default: 0] += max(0, count - (mostReserved[place.queue] ?? 0))
        }
        for queue in ready {
            let tenant = queue.place.tenantID
            let demand = Demand(place: queue.place, isLimited: queue.isLimited, slots: 0)
            let reserved = max(0, (mostReserved[queue.place.queue] ?? 0) - (held[queue.place] ?? 0))
            claimants[
                tenant,
                default: Claimant(
                    weight: Double(max(1, queue.weight)), room: mostPerTenant - (shared[tenant] ?? 0),
                    lastQueue: accounts[tenant]?.lastQueue)
            ].append(demand, reserved: reserved)
        }
        return claimants
    }

    /// Lets those who are new join the ring at its end, and those without work leave it.
    private mutating func line(up claimants: [UUID: Claimant]) {
        if let first = ring.first, claimants[first] == nil { isWithinTurn = false }
        for tenant in ring where claimants[tenant] == nil {
            if accounts[tenant]?.deficit ?? 0 > 0 { accounts[tenant]?.deficit = 0 }
        }
        ring.removeAll { claimants[$0] == nil }
        let known = Set(ring)
        if accounts.count > Self.knownTenants { accounts = accounts.filter { known.contains($0.key) } }
        for tenant in claimants.keys where !known.contains(tenant) {
            ring.append(tenant)
            if accounts[tenant] == nil { accounts[tenant] = Account() }
        }
    }

    /// Forgives old debts and leaves out rounds in which nobody could be served; gives the quantum: enough for one job of
    /// each tenant.
    private mutating func settle(_ claimants: [UUID: Claimant]) -> Double {
        let quantum = ring.reduce(Self.smallestEstimate) { quantum, tenant in
            max(quantum, (accounts[tenant]?.estimate ?? 0) / (claimants[tenant]?.weight ?? 1))
        }
        var rounds = Double.infinity
        for tenant in ring {
            guard let claimant = claimants[tenant], var account = accounts[tenant] else { continue }
            let earned = quantum * claimant.weight
            account.deficit = max(account.deficit, -Self.roundsOfDebt * earned)
            rounds = min(rounds, ((account.estimate - account.deficit) / earned).rounded(.up) - 1)
            accounts[tenant] = account
        }
        if rounds >= 1, rounds.isFinite, !isWithinTurn {
            for tenant in ring { accounts[tenant]?.deficit += rounds * quantum * (claimants[tenant]?.weight ?? 1) }
        }
        return quantum
    }

    /// A tenant with ready work.
    private struct Claimant {
        let weight: Double
        /// Shared slots that it may still take.
        private var room: Int
        /// Slots of its queues' own that it may still take.
        private var reserved: [Int] = []
        private(set) var demands: [Demand] = []
        private(set) var lastQueue: String?

        init(weight: Double, room: Int, lastQueue: String?) {
            self.weight = weight
            self.room = room
            self.lastQueue = lastQueue
        }

        mutating func append(_ demand: Demand, reserved slots: Int) {
            demands.append(demand)
            reserved.append(slots)
        }

        /// Takes one slot for its queues in turn; `false` when it may not, or none of its queues has any.
        mutating func take(from budget: inout SlotBudget) -> Bool {
            let last = demands.firstIndex { $0.place.queue == lastQueue } ?? -1
            for offset in demands.indices {
                let index = (last + 1 + offset) % demands.count
                let queue = demands[index].place.queue
                switch budget.take(for: queue, mayUseOwn: reserved[index] > 0, mayShare: room > 0) {
                case .own: reserved[index] -= 1
                case .shared: room -= 1
                case nil: continue
                }
                demands[index].slots += 1
                lastQueue = queue
                return true
            }
            return false
        }
    }
}
