import Foundation
import Postgres

/// Creates and lists the businesses of the deployment.
public struct TenantService: Sendable {
    private let database: PlatformDatabase

    public init(database: PlatformDatabase) { self.database = database }

    /// Creates a tenant with its settings and its place in the job queue, in one transaction.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `slug_taken`.
    public func create(_ new: NewTenant) async throws -> Tenant {
        try ServiceError.refuse(new.faults)
        let id = Tenant.ID.make()
        do {
            let (tenant, _, _) = try await database.pool.pipeline(
                TenantStatements.insert(id, new), TenantStatements.insertSettings(id, new),
                TenantStatements.insertQueueShare(id))
            return tenant
        } catch let error as PostgresError where error.violates("tenant_slug_key") {
            throw ServiceError.conflict(code: "slug_taken", detail: "A tenant \"\(new.slug)\" exists already.")
        }
    }

    /// Every tenant, by slug.
    public func list() async throws -> [Tenant] {
        try await database.pool.pipeline(TenantStatements.list)
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(slug: String) async throws -> Tenant {
        guard let tenant = try await database.pool.pipeline(TenantStatements.find(slug: slug)) as Tenant? else {
            throw ServiceError.notFound("tenant")
        }
        return tenant
    }
}

extension NewTenant {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        SettingsRules.slug.check(slug, "/slug", into: &errors)
        SettingsRules.name.check(name, "/name", into: &errors)
        TextRule.timeZone.check(timeZone, "/time_zone", into: &errors)
        SettingsRules.locale.check(locale, "/locale", into: &errors)
        TextRule.currency.check(currency, "/currency", into: &errors)
        SettingsRules.senderName.check(senderName, "/sender_name", into: &errors)
        // The one that is made of a wrong slug is wrong too, which says nothing new.
        if errors.first?.pointer != "/slug" || !hasOwnSender {
            SettingsRules.email.check(senderAddress, "/sender_address", into: &errors)
        }
        return errors
    }

    private var hasOwnSender: Bool { senderAddress == Self.senderAddress(of: slug) }
}
