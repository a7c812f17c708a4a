import Synchronization

/// Counts calls from any thread.
final class Counter: Sendable {
    private let count = Atomic(0)

    /// 1, 2, 3, …
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// Collects lines from any thread.
final class Recorder: Sendable {
    private let lines = Mutex<[String]>([])

    var values: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }
}
