/// How many jobs of a queue a worker runs at once.
public struct QueueSlots: Sendable, Equatable {
    /// Most jobs of the queue that run at once; `nil` for as many as the worker has slots.
    public var maximum: Int?
    /// Slots that only this queue may use, such as for work that somebody waits for.
    public var reserved: Int

    public init(maximum: Int? = nil, reserved: Int = 0) {
        self.maximum = maximum
        self.reserved = reserved
    }
}

/// The free slots of a worker, and which queues may have them.
struct SlotBudget {
    /// Free slots in all.
    private(set) var total: Int
    /// Slots that queues without any of their own may share.
    private var shared: Int
    private var own: [String: Int] = [:]
    private var room: [String: Int] = [:]

    /// - Parameter places: the slots in use.
    init(slots: Int, queues: [String: QueueSlots] = [:], running places: [TenantQueue: Int] = [:]) {
        var running: [String: Int] = [:]
        for (place, count) in places { running[place.queue, default: 0] += count }
        total = max(0, slots - running.values.reduce(0, +))
        var kept = 0
        for (queue, setting) in queues {
            let used = running[queue] ?? 0
            own[queue] = max(0, setting.reserved - used)
            kept += own[queue] ?? 0
            if let maximum = setting.maximum { room[queue] = max(0, maximum - used) }
        }
        shared = max(0, total - kept)
    }

    enum Slot { case own, shared }

    /// Takes a slot for a job of the queue, one of its own first; `nil` when there is none for it.
    mutating func take(for queue: String, mayUseOwn: Bool = true, mayShare: Bool = true) -> Slot? {
        guard total > 0, room[queue] ?? 1 > 0 else { return nil }
        let slot: Slot
        if mayUseOwn, let mine = own[queue], mine > 0 {
            own[queue] = mine - 1
            slot = .own
        } else if mayShare, shared > 0 {
            shared -= 1
            slot = .shared
        } else {
            return nil
        }
        total -= 1
        if let left = room[queue] { room[queue] = left - 1 }
        return slot
    }
}
