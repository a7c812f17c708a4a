import Foundation
public import JobQueue

/// What a worker is told by its environment: `MEHVAR_WORKER_CONCURRENCY` and so on.
public struct WorkerSettings: Sendable, Equatable {
    /// Most jobs that run at once.
    public let concurrency: Int
    /// The queues that it serves; `nil` for those of all kinds of jobs.
    public let queues: [String]?
    /// How many jobs of a queue run at once, and how many slots it has for itself.
    public let slots: [String: QueueSlots]
    /// How long running jobs may take to end when the worker shuts down.
    public let gracePeriod: Duration
    /// Days for which finished jobs are kept.
    public let daysKept: Int

    init(_ reader: inout SettingsReader) {
        concurrency = reader.number("worker.concurrency", 32, in: 1...10_000, "Most jobs that a worker runs at once.")
        queues = reader.text(
            "worker.queues", usual: "those of all kinds of jobs",
            "The queues that a worker serves, such as default,mail."
        ).map(Self.items)
        if let queues, !queues.allSatisfy(Self.isQueue) || Set(queues).count < queues.count {
            reader.mistake(
                "worker.queues", "is a list of different queues, such as default,mail",
                not: queues.joined(separator: ","))
        }
        slots = Self.slots(&reader, of: concurrency, among: queues)
        gracePeriod = .seconds(
            reader.number(
                "worker.grace.seconds", 20, in: 0...86_400, "How long running jobs may take to end when a worker stops."
            ))
        daysKept = reader.number(
            "worker.days.kept", 7, in: 1...3650, "Days for which finished jobs are kept; the same for all workers.")
    }

    private static func slots(
        _ reader: inout SettingsReader, of concurrency: Int, among queues: [String]?
    ) -> [String: QueueSlots] {
        let key = "worker.slots"
        var slots: [String: QueueSlots] = [:]
        let text = reader.text(
            key, usual: "no limits",
            "How many slots a queue may use, such as mail=8; with mail=8:2 two of them are for it alone.")
        for item in text.map(items) ?? [] {
            guard let (queue, setting) = entry(item) else {
                reader.mistake(
                    key,
                    "is a list such as mail=8 (8 slots at most), mail=8:2 (2 of them for it alone) "
                        + "or mail=:2 (no limit); \"\(item)\" is none of these")
                continue
            }
            if slots.updateValue(setting, forKey: queue) != nil {
                reader.mistake(key, "names the queue \(queue) twice")
            }
            if let queues, !queues.contains(queue) {
                reader.mistake(key, "names the queue \(queue), which MEHVAR_WORKER_QUEUES does not")
            }
            if let maximum = setting.maximum, setting.reserved > maximum {
                reader.mistake(key, "gives the queue \(queue) more slots for it alone than at most")
            }
        }
        // Other queues would never get one.
        if slots.values.contains(where: { $0.reserved > 0 }),
            slots.values.reduce(0, { $0 + $1.reserved }) >= concurrency
        {
            reader.mistake(key, "leaves none of the \(concurrency) of MEHVAR_WORKER_CONCURRENCY to share")
        }
        return slots
    }

    /// A queue with its slots, such as `mail=8:2`.
    private static func entry(_ item: String) -> (queue: String, slots: QueueSlots)? {
        guard let match = item.wholeMatch(of: /(.+)=([0-9]{1,5})?(?::([0-9]{1,5}))?/), isQueue(String(match.1)) else {
            return nil
        }
        let (maximum, reserved) = (match.2.flatMap { Int($0) }, match.3.flatMap { Int($0) })
        guard maximum != nil || reserved != nil, maximum != 0 else { return nil }
        return (String(match.1), QueueSlots(maximum: maximum, reserved: reserved ?? 0))
    }

    private static func items(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func isQueue(_ name: String) -> Bool { (1...100).contains(name.unicodeScalars.count) }
}
