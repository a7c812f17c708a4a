import Postgres
import Synchronization

/// Whether pages of an origin may call the API of some business. Answers are kept for a minute.
public final class OriginDirectory: Sendable {
    private struct Entry {
        let isAllowed: Bool
        let until: ContinuousClock.Instant
    }

    private static let lifetime = Duration.seconds(60)
    private static let capacity = 10_000

    private let database: Database
    private let known = Mutex<[String: Entry]>([:])

    public init(database: Database) { self.database = database }

    public func isAllowed(_ origin: String) async throws -> Bool {
        guard SettingsRules.origin.fault(of: origin) == nil else { return false }
        let now = ContinuousClock.now
        if let entry = known.withLock({ $0[origin] }), entry.until > now { return entry.isAllowed }
        let isAllowed = try await database.deploymentWide(TenantStatements.isAllowed(origin: origin))
        known.withLock { known in
            if known.count >= Self.capacity { known = known.filter { $0.value.until > now } }
            if known.count < Self.capacity { known[origin] = Entry(isAllowed: isAllowed, until: now + Self.lifetime) }
        }
        return isAllowed
    }
}
