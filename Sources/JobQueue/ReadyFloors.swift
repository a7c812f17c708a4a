import FoundationEssentials

/// Where in the ready index each queue's next job is looked for.
///
/// Claimed jobs leave dead entries at the head of the index, which stay for as long as any transaction is open that might
/// still see them. A look from the beginning steps over all of them. So a look that took long is followed by looks from
/// where it found the first job or the last claim ended, for twenty times as long, and 15 s at most. What stands before
/// that place, such as a job of a better priority that came meanwhile, waits until then.
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
    private static let restraint = 20
    /// What stands before the place waits no longer than this.
    private static let longest = Duration.seconds(15)
    /// Queues whose place is remembered; a probe compares each tenant with all of them.
    private static let limit = 256

    private var last: [TenantQueue: Position] = [:]
    private var wholeLookAt = ContinuousClock.now
    /// Rises whenever the looks begin at the beginning again: what a look of before found does not count then.
    private(set) var generation = 0

    /// Whether the looks begin at the beginning.
    var isEmpty: Bool { last.isEmpty }

    /// When the looks begin at the beginning again; `nil` when they do now.
    var nextWholeLook: ContinuousClock.Instant? { isEmpty ? nil : wholeLookAt }

    /// Says from where the looks that follow begin.
    mutating func begin(at now: ContinuousClock.Instant = .now) {
        if now >= wholeLookAt, !isEmpty { reset(at: now) }
    }

    /// Lets the looks that follow begin at the beginning.
    mutating func reset(at now: ContinuousClock.Instant = .now) {
        last = [:]
        wholeLookAt = now
        generation += 1
    }

    /// A look that began in this generation ended, and claimed these jobs.
    mutating func looked(
        for duration: Duration, claimed jobs: [ClaimedJob], since generation: Int,
        at now: ContinuousClock.Instant = .now
    ) {
        guard generation == self.generation else { return }
        if isEmpty, duration > Self.patience { wholeLookAt = now + min(Self.longest, duration * Self.restraint) }
        guard now < wholeLookAt else { return }
        for (place, jobs) in jobs.lots {
            guard let position = jobs.lazy.map(Position.init).max(), last[place] != nil || last.count < Self.limit
            else { continue }
            last[place] = max(last[place] ?? position, position)
        }
    }

    /// A look from the beginning found where the first jobs stand, so that no claim has to step over what is before them.
    mutating func found(_ queues: [ReadyQueue], at now: ContinuousClock.Instant = .now) {
        guard isEmpty, now < wholeLookAt else { return }
        for queue in queues.prefix(Self.limit) { last[queue.place] = queue.first }
    }

    subscript(place: TenantQueue) -> Position? { last[place] }

    /// The places and their positions, as columns.
    var tenants: [UUID] { last.map(\.key.tenantID) }
    var queues: [String] { last.map(\.key.queue) }
    var priorities: [Int16] { last.map(\.value.priority) }
    var runAts: [Date] { last.map(\.value.runAt) }
    var ids: [UUID] { last.map(\.value.id) }
}
