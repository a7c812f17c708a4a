import Crypto
import Foundation
import Synchronization

/// Counts attempts to sign in to businesses that do not exist, as those to others are counted in their tables: else the wait would
/// tell which there are. In this process alone.
final class StrangerAttempts: Sendable {
    private struct Attempts {
        var failures = 0
        var lockedUntil: ContinuousClock.Instant?
    }

    private static let capacity = 10_000

    private let known = Mutex<[SHA256Digest: Attempts]>([:])

    /// - Throws: ``ServiceError/lockedOut(for:)``.
    func count(_ slug: String, _ email: String) throws {
        let key = SHA256.hash(data: Data("\(slug)\u{0}\(email.lowercased())".utf8))
        try known.withLock { known in
            let now = ContinuousClock.now
            if known.count >= Self.capacity { known = known.filter { $0.value.lockedUntil ?? now > now } }
            if known.count >= Self.capacity { known = [:] }
            var attempts = known[key] ?? Attempts()
            if let end = attempts.lockedUntil, end > now { throw ServiceError.lockedOut(for: end - now) }
            attempts.failures += 1
            if attempts.failures >= 5 {
                attempts.lockedUntil = now + .seconds(min(900, 15 << min(attempts.failures - 5, 6)))
            }
            known[key] = attempts
        }
    }
}
