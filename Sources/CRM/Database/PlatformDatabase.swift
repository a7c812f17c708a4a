public import Postgres

/// Deployment-wide work, as `mehvar_platform`: tenants and nothing of what they keep.
public struct PlatformDatabase: Sendable {
    let pool: Pool

    /// - Parameter pool: connects as `mehvar_platform`.
    public init(pool: Pool) { self.pool = pool }
}
