import Foundation
import Postgres

/// Marketing-mix plans and their revisions.
public struct PlanService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// - Throws: ``ServiceError/invalid(_:)``, also for a segment that is not there;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func create(
        _ context: TenantContext, id: Plan.ID = .make(), _ new: NewPlan
    ) async throws -> Plan {
        try context.require(.plansWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await PlanService.explaining {
            try await database.withTenant(context) { transaction in
                try await transaction.require([ObjectLink(.segment, [("/segment_id", new.segmentID.rawValue)])])
                return try await transaction.pipeline(
                    PlanStatements.insert(tenant, id, segment: new.segmentID, name: new.name),
                    PlanStatements.insertRevision(tenant, id, 1, new.content),
                    try Event.record("plan.created", "plan", id.rawValue, from: nil, to: Plan(id, new), by: context),
                    PlanStatements.find(tenant, id)
                ).3.orNotFound("plan")
            }
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Plan.ID) async throws -> Plan {
        try context.require(.plansRead)
        return try await database.lookUp(context, PlanStatements.find(context.tenantID, id)).orNotFound("plan")
    }

    /// By age; of one segment or of all.
    public func list(_ context: TenantContext, segment: Segment.ID?, _ page: PageRequest<Plan>) async throws -> Page<
        Plan
    > {
        try context.require(.plansRead)
        let plans = try await database.run(context, PlanStatements.list(context.tenantID, segment: segment, page))
        return page.page(of: plans)
    }

    /// Writes the next revision; earlier ones stay.
    ///
    /// - Parameter change: gives the new name and content from the present ones.
    /// - Throws: ``ServiceError/invalid(_:)``, ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func revise(
        _ context: TenantContext, _ id: Plan.ID, ifVersion expected: Int?,
        _ change: @Sendable (Plan) throws -> (name: String, content: PlanContent)
    ) async throws -> Plan {
        try context.require(.plansWrite)
        let tenant = context.tenantID
        return try await PlanService.explaining {
            try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    let old = try await transaction.run(PlanStatements.find(tenant, id)).orNotFound("plan")
                    if let expected, expected != old.version { throw ServiceError.stale }
                    let (name, content) = try change(old)
                    try ServiceError.refuse(PlanRules.faults(name: name, content))
                    var new = old
                    (new.name, new.content) = (name, content)
                    if ObjectChange(from: old, to: new) == nil { return old }
                    guard try await transaction.run(PlanStatements.advance(tenant, old, name: name)) == 1 else {
                        throw ServiceError.stale
                    }
                    let (_, found) = try await transaction.pipeline(
                        PlanStatements.insertRevision(tenant, id, old.revision + 1, content),
                        PlanStatements.find(tenant, id))
                    let plan = try found.orNotFound("plan")
                    _ = try await transaction.run(
                        try Event.record("plan.revised", "plan", id.rawValue, from: old, to: plan, by: context))
                    return plan
                }
            }
        }
    }

    private static func explaining<Result>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as PostgresError where error.violates("plan_name_key") {
            throw ServiceError.conflict(code: "name_taken", detail: "Another plan has this name.")
        }
    }
}
