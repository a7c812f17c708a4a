import Postgres
import Synchronization

/// The origins whose pages may call the API of some business, as they were within the last minute.
public final class OriginDirectory: Sendable {
    private struct Known {
        var origins: Set<String> = []
        var until: ContinuousClock.Instant?
        var isLoading = false
    }

    private static let lifetime = Duration.seconds(60)

    private let database: Database
    private let known = Mutex(Known())

    public init(database: Database) { self.database = database }

    /// Asks the database at most once a minute, whoever asks.
    public func isAllowed(_ origin: String) async throws -> Bool {
        let (found, mustLoad) = known.withLock { known -> (Set<String>?, Bool) in
            let isFresh = known.until.map { $0 > .now } ?? false
            if isFresh || known.isLoading && known.until != nil { return (known.origins, false) }
            known.isLoading = true
            return (nil, true)
        }
        if let found, !mustLoad { return found.contains(origin) }
        do {
            let origins = Set(try await database.deploymentWide(TenantStatements.allowedOrigins))
            known.withLock { $0 = Known(origins: origins, until: .now + Self.lifetime) }
            return origins.contains(origin)
        } catch {
            known.withLock { $0.isLoading = false }
            throw error
        }
    }
}
