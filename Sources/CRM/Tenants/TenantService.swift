import Foundation
import JobQueue
import Postgres

/// Creates the businesses of the deployment, suspends them and lets them go.
public struct TenantService: Sendable {
    private let database: PlatformDatabase

    public init(database: PlatformDatabase) { self.database = database }

    /// Creates a tenant with its settings and its place in the job queue, in one transaction.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `slug_taken`.
    public func create(
        _ context: PlatformContext, id: Tenant.ID = .make(), _ new: NewTenant
    ) async throws -> Tenant {
        try context.require(.tenantsWrite)
        try ServiceError.refuse(new.faults)
        do {
            let zone = TimeZone(identifier: new.timeZone) ?? .gmt
            let (tenant, _, _, _, _) = try await database.pipeline(
                context, TenantStatements.insert(id, new), TenantStatements.insertSettings(id, new),
                TenantStatements.insertQueueShare(id),
                try RefreshSegments.nightly(in: zone).put(tenant: id.rawValue),
                PlatformStatements.event("tenant.created", id.rawValue, by: context))
            return tenant
        } catch let error as PostgresError where error.violates("tenant_slug_key") {
            throw ServiceError.conflict(code: "slug_taken", detail: "A tenant \"\(new.slug)\" exists already.")
        }
    }

    /// Every tenant, by slug.
    public func list() async throws -> [Tenant] { try await database.run(TenantStatements.list) }

    public func list(
        _ context: PlatformContext, _ filter: TenantFilter, _ page: PageRequest<Tenant>
    ) async throws -> Page<Tenant> {
        try context.require(.tenantsRead)
        return page.page(of: try await database.run(TenantStatements.page(filter, page)))
    }

    /// What was done to tenants and platform keys, newest first. What was done to a tenant stands in its own log as well.
    public func audit(
        _ context: PlatformContext, _ filter: PlatformAuditFilter, _ page: PageRequest<PlatformAuditEntry>
    ) async throws -> Page<PlatformAuditEntry> {
        try context.require(.auditRead)
        return page.page(of: try await database.run(PlatformStatements.events(filter, page)))
    }

    /// Notes that an owner was invited. Who it is stands in the tenant's own log alone.
    public func noteOwner(_ context: PlatformContext, _ id: Tenant.ID) async throws {
        try context.require(.tenantsWrite)
        _ = try await database.run(PlatformStatements.event("tenant.owner_invited", id.rawValue, by: context))
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(slug: String) async throws -> Tenant {
        try await database.run(TenantStatements.find(slug: slug)).orNotFound(Tenant.kind)
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        try context.require(.tenantsRead)
        return try await database.run(TenantStatements.find(id)).orNotFound(Tenant.kind)
    }

    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `not_active`.
    public func findActive(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        let tenant = try await find(context, id)
        guard tenant.state == .active else {
            throw ServiceError.conflict(code: "not_active", detail: "The tenant is suspended or to be erased.")
        }
        return tenant
    }

    /// How much the tenant keeps and does.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func usage(_ context: PlatformContext, _ id: Tenant.ID) async throws -> TenantUsage {
        try context.require(.tenantsRead)
        let (tenant, usage) = try await database.pipeline(
            context, TenantStatements.find(id), PlatformStatements.usage(id))
        _ = try tenant.orNotFound(Tenant.kind)
        return usage
    }

    /// Refuses every request of the tenant's keys, members and respondents, and holds its jobs. Twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `deleting`.
    public func suspend(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        try await move(
            context, id, from: [.active], to: .suspended, isHeld: true, "tenant.suspended", Self.refuseDeleted)
    }

    /// Lets a suspended tenant go on where it stood. Twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `deleting`.
    public func resume(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        try await move(
            context, id, from: [.suspended], to: .active, isHeld: false, "tenant.resumed", Self.refuseDeleted)
    }

    /// Refuses the tenant's requests and has everything of it erased after 7 days, within which that can be cancelled.
    /// Twice changes nothing.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func scheduleDeletion(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        try await move(
            context, id, from: [.active, .suspended], to: .deleting, isHeld: true, "tenant.deletion_scheduled"
        ) { _ in }
    }

    /// Keeps a tenant that was to be erased: it is suspended or active, as it was before.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `not_deleting`, also when its time has
    ///   come.
    public func cancelDeletion(_ context: PlatformContext, _ id: Tenant.ID) async throws -> Tenant {
        try context.require(.tenantsWrite)
        return try await database.withTransaction(context) { transaction in
            let tenant = try await transaction.run(PlatformStatements.lock(id)).orNotFound(Tenant.kind)
            let state: Tenant.State = tenant.suspendedAt == nil ? .active : .suspended
            // By the clock of the database, which decides when erasing begins.
            guard try await transaction.run(PlatformStatements.keep(id, as: state)) == 1 else {
                throw ServiceError.conflict(
                    code: "not_deleting", detail: "The tenant is not to be erased, or is being.")
            }
            let (_, _, _, kept) = try await transaction.pipeline(
                PlatformStatements.hold(id, state != .active), MemberStatements.notify(id),
                PlatformStatements.event("tenant.deletion_cancelled", id.rawValue, by: context),
                TenantStatements.find(id))
            let saved = try kept.orNotFound(Tenant.kind)
            _ = try await transaction.run(
                try Self.told("tenant.deletion_cancelled", from: tenant, to: saved, by: context))
            return saved
        }
    }

    private func move(
        _ context: PlatformContext, _ id: Tenant.ID, from states: [Tenant.State], to state: Tenant.State, isHeld: Bool,
        _ action: String, _ check: (Tenant) throws -> Void
    ) async throws -> Tenant {
        try context.require(.tenantsWrite)
        return try await database.withTransaction(context) { transaction in
            let tenant = try await transaction.run(PlatformStatements.lock(id)).orNotFound(Tenant.kind)
            try check(tenant)
            guard states.contains(tenant.state) else { return tenant }
            let (_, _, _, _, found) = try await transaction.pipeline(
                PlatformStatements.move(id, from: states, to: state), PlatformStatements.hold(id, isHeld),
                MemberStatements.notify(id), PlatformStatements.event(action, id.rawValue, by: context),
                TenantStatements.find(id))
            let moved = try found.orNotFound(Tenant.kind)
            _ = try await transaction.run(try Self.told(action, from: tenant, to: moved, by: context))
            if let eraseAfter = moved.eraseAfter {
                let job = NewJob(EraseTenant(tenantID: id), runAt: eraseAfter)
                _ = try await transaction.run(try Enqueue.statement(tenant: EraseTenant.deployment, jobs: [job]))
            }
            return moved
        }
    }

    private static func refuseDeleted(_ tenant: Tenant) throws {
        guard tenant.state == .deleting || tenant.state == .erasing else { return }
        throw ServiceError.conflict(code: "deleting", detail: "The tenant is to be erased; cancel that first.")
    }

    /// The same in the tenant's own log, where its people read it.
    private static func told(
        _ action: String, from tenant: Tenant, to moved: Tenant, by context: PlatformContext
    ) throws -> Statement<Int> {
        try Event.record(
            action, Tenant.kind, tenant.id.rawValue, from: tenant, to: moved, by: context.context(in: tenant.id))
    }

    // MARK: Erasing

    /// Erases everything of a tenant whose time has come, a bounded number of rows in each transaction, and then the tenant.
    ///
    /// - Returns: how long is left until its time; `nil` when it is gone, or is not to be erased any more.
    /// - Throws: `CancellationError` between two transactions.
    package func erase(_ id: Tenant.ID, chunk: Int = 5000) async throws -> Duration? {
        do {
            while try await database.run(PlatformStatements.erase(id, atMost: chunk)) > 0 {
                try Task.checkCancellation()
            }
            return nil
        } catch let error as PostgresError where error.state == .notDue {
            guard let tenant = try await database.run(TenantStatements.find(id)), let eraseAfter = tenant.eraseAfter
            else { return nil }
            return .seconds(max(1, eraseAfter.timeIntervalSinceNow))
        }
    }

    /// What was erased of a tenant.
    ///
    /// - Throws: ``ServiceError/notFound(_:)`` before it has begun.
    public func erasure(_ context: PlatformContext, _ id: Erasure.ID) async throws -> Erasure {
        try context.require(.tenantsRead)
        return try await database.run(PlatformStatements.erasure(Tenant.ID(rawValue: id.rawValue))).orNotFound(
            Erasure.kind)
    }
}

extension SQLState {
    /// What `platform.erase` raises for a tenant that is not to be erased (yet).
    fileprivate static let notDue = SQLState(rawValue: "MV004")
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
        SettingsRules.check(workingDays: workingDays, into: &errors)
        // Without one of its own it is the name, whose faults may stand there already.
        if senderName != name || errors.allSatisfy({ $0.pointer != "/name" }) {
            SettingsRules.senderName.check(senderName, "/sender_name", into: &errors)
        }
        SettingsRules.email.check(senderAddress, "/sender_address", into: &errors)
        return errors
    }
}
