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
        try new.validate()
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
    func validate() throws {
        var errors: [FieldError] = []
        if slug.wholeMatch(of: /[a-z][a-z0-9-]{1,62}/) == nil {
            errors.append(FieldError("/slug", "invalid", "2 to 63 of a–z, 0–9 and -, a letter first."))
        }
        if name.isEmpty || name.count > 200 { errors.append(FieldError("/name", "length", "1 to 200 characters.")) }
        if TimeZone(identifier: timeZone) == nil {
            errors.append(FieldError("/time_zone", "unknown", "An IANA time zone such as Asia/Tehran."))
        }
        if locale.wholeMatch(of: /[a-z]{2,3}(-[A-Za-z0-9]{2,8})*/) == nil {
            errors.append(FieldError("/locale", "invalid", "A BCP 47 tag such as fa or en-GB."))
        }
        if currency.wholeMatch(of: /[A-Z]{3}/) == nil {
            errors.append(FieldError("/currency", "invalid", "An ISO 4217 code such as IRR."))
        }
        if !Address.isEmail(senderAddress) {
            errors.append(FieldError("/sender_address", "invalid", "An e-mail address."))
        }
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}
