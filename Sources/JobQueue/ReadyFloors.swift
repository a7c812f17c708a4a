import FoundationEssentials

/// Where in the ready index each queue's next job is looked for.
///
/// Claimed jobs leave dead entries at the head of the index, which stay for as long as any transaction is open that might
/// still see them. A look from the beginning steps over all of them. So a look that took long is followed by looks from
/// where it found the first job or the last claim ended. What stands before that place, such as a job of a better priority
/// that came meanwhile, waits for the next look from the beginning: it begins after twenty times as long as the last one
/// took, and 15 s or ten times as long at most. It is made beside the claims, which go on meanwhile.
struct ReadyFloors: Sendable {
    struct Position: Sendable, Hashable, Comparable {
        let priority: Int16
        let runAt: Date
        let id: UUID

        init(priority: Int16, runAt: Date, id: UUID) {
            self.priority = priority
            self.runAt = runAt
            self.id = id
        }

        init(_ job: ClaimedJob) {
            self.init(priority: Int16(clamping: job.priority), runAt: job.runAt, id: job.key.id)
        }

        static func < (left: Position, right: Position) -> Bool {
            (left.priority, left.runAt, left.id) < (right.priority, right.runAt, right.id)
        }
    }

    /// Before every job.
    static let lowest = Position(
        priority: .min, runAt: .distantPast, id: UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))

    /// A look that takes longer claims many jobs, steps over many dead entries, or meets a busy server.
    private static let patience = Duration.milliseconds(4)
    /// What stands before the place waits no longer than this for a look that takes less than a tenth of it.
    private static let longest = Duration.seconds(15)
    /// Queues whose place is remembered; a probe compares each tenant with all of them.
    private static let limit = 256

    private var last: [TenantQueue: Position] = [:]
    /// `nil` while all looks begin at the beginning.
    private var wholeLookAt: ContinuousClock.Instant?
    /// What the places were, and the generation, when the look from the beginning that is under way began.
    private var basis: (last: [TenantQueue: Position], generation: Int)?
    /// Rises whenever something may stand before the places: what a look of before found does not count then.
    private(set) var generation = 0

    /// Whether the looks begin at the beginning.
    var isEmpty: Bool { wholeLookAt == nil }

    /// When a look from the beginning is due beside the others; `nil` when all are, or one is under way.
    var nextWholeLook: ContinuousClock.Instant? { basis == nil ? wholeLookAt : nil }

    /// Something that was claimed may stand before the places again: a look from the beginning is due.
    mutating func reset(at now: ContinuousClock.Instant = .now) {
        generation += 1
        if wholeLookAt != nil { wholeLookAt = now }
    }

    /// A look that began in this generation ended, and claimed these jobs.
    mutating func looked(
        for duration: Duration, claimed jobs: [ClaimedJob], since generation: Int,
        at now: ContinuousClock.Instant = .now
    ) {
        guard generation == self.generation else { return }
        if wholeLookAt == nil {
            guard duration > Self.patience else { return }
            wholeLookAt = now + Self.rest(after: duration)
        }
        for (place, jobs) in jobs.lots {
            guard let position = jobs.lazy.map(Position.init).max(), hasRoom(for: place) else { continue }
            last[place] = max(last[place] ?? position, position)
        }
    }

    /// The look from the beginning that was the first to take long found where the first jobs stand, so that no claim has
    /// to step over what is before them.
    mutating func found(_ queues: [ReadyQueue]) {
        guard !isEmpty else { return }
        for queue in queues where last[queue.place] == nil && hasRoom(for: queue.place) {
            last[queue.place] = queue.first
        }
    }

    /// Whether a look from the beginning is due; it is under way then until ``endWholeLook(found:took:at:)``.
    mutating func beginWholeLook(at now: ContinuousClock.Instant = .now) -> Bool {
        guard let due = nextWholeLook, due <= now else { return false }
        basis = (last, generation)
        return true
    }

    /// - Parameter queues: what it found; `nil` when it failed.
    /// - Returns: whether there is something to claim that the others did not see.
    mutating func endWholeLook(
        found queues: [ReadyQueue]?, took duration: Duration, at now: ContinuousClock.Instant = .now
    ) -> Bool {
        guard let basis else { return false }
        self.basis = nil
        guard let queues else {
            wholeLookAt = now + max(.seconds(1), Self.rest(after: duration))
            return false
        }
        guard duration > Self.patience else {
            (last, wholeLookAt) = ([:], nil)
            generation += 1
            return true
        }
        // What came back after it had begun it may not have seen.
        wholeLookAt = basis.generation == generation ? now + Self.rest(after: duration) : now
        if last.count >= Self.limit {
            // Room for others: these have nothing ready.
            let places = Set(queues.lazy.map(\.place))
            last = last.filter { places.contains($0.key) }
        }
        found(queues)
        let passedOver = queues.filter { queue in
            guard let first = queue.first, let place = basis.last[queue.place] else { return false }
            return first < place
        }
        guard !passedOver.isEmpty else { return false }
        for queue in passedOver { last[queue.place] = queue.first }
        generation += 1
        return true
    }

    private func hasRoom(for place: TenantQueue) -> Bool { last[place] != nil || last.count < Self.limit }

    private static func rest(after duration: Duration) -> Duration {
        Restraint.rest(after: duration, atMost: longest)
    }

    subscript(place: TenantQueue) -> Position? { last[place] }

    /// The places and their positions, as columns.
    var tenants: [UUID] { last.map(\.key.tenantID) }
    var queues: [String] { last.map(\.key.queue) }
    var priorities: [Int16] { last.map(\.value.priority) }
    var runAts: [Date] { last.map(\.value.runAt) }
    var ids: [UUID] { last.map(\.value.id) }
}
