import Synchronization

/// What a test's closure found out, for after it.
final class Outcome: Sendable {
    private let found = Mutex(0)
    var value: Int {
        get { found.withLock { $0 } }
        set { found.withLock { $0 = newValue } }
    }
}
