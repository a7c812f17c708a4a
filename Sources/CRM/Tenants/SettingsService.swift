import JobQueue
import Postgres

/// What a tenant decides about itself.
public struct SettingsService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    public func find(_ context: TenantContext) async throws -> TenantSettings {
        try context.require(.settingsRead)
        return try await database.run(context, TenantStatements.settings(context.tenantID))
    }

    /// Changes the settings, if they still have the version that the caller saw.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/stale``.
    public func update(
        _ context: TenantContext, ifVersion expected: Int?, _ changes: SettingsChanges
    ) async throws -> TenantSettings {
        try context.require(.settingsWrite)
        try ServiceError.refuse(changes.faults)
        let tenant = context.tenantID
        return try await ServiceError.changing(ifVersion: expected) {
            try await database.withTenant(context) { transaction in
                let old = try await transaction.run(TenantStatements.settings(tenant))
                if let expected, expected != old.version { throw ServiceError.stale }
                if changes == SettingsChanges() { return old }
                guard try await transaction.run(TenantStatements.updateSettings(tenant, old, changes)) == 1 else {
                    throw ServiceError.stale
                }
                if let name = changes.name, name != old.name {
                    try await transaction.run(TenantStatements.rename(tenant, name))
                }
                let settings = try await transaction.run(TenantStatements.settings(tenant))
                if settings.timeZone != old.timeZone || settings.currency != old.currency {
                    // Another day it is, and other orders count.
                    _ = try await transaction.pipeline(
                        try RefreshSegments.nightly(in: settings.zone).put(tenant: tenant.rawValue),
                        try Enqueue.statement(tenant: tenant.rawValue, jobs: [NewJob(RefreshSegments())]))
                }
                _ = try await transaction.pipeline(
                    try Event.record(
                        "settings.updated", "settings", tenant.rawValue, from: old, to: settings, by: context),
                    MemberStatements.notify(tenant))
                return settings
            }
        }
    }
}
