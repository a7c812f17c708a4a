import FoundationEssentials
import Synchronization

/// The database's clock, carried on by this machine's monotonic one between two answers of the server.
final class ServerClock: Sendable {
    private let reading = Mutex<(date: Date, at: ContinuousClock.Instant)?>(nil)

    func set(_ date: Date) {
        reading.withLock { $0 = (date, .now) }
    }

    /// This machine's own clock until the server has answered once.
    var now: Date {
        guard let (date, instant) = reading.withLock({ $0 }) else { return Date() }
        return date + (ContinuousClock.now - instant).seconds
    }
}
