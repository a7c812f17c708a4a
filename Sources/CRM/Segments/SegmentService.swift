import Foundation
import JobQueue
import Postgres

/// Segments and their rules.
public struct SegmentService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Creates a segment; a rule is evaluated by a job right after.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for what a rule names and is not there;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`, and `too_many_rules` for more rules than are looked after.
    public func create(
        _ context: TenantContext, id: Segment.ID = .make(), _ new: SegmentValues
    ) async throws -> Segment {
        try context.require(.segmentsWrite)
        try ServiceError.refuse(new.faults)
        let tenant = context.tenantID
        return try await explaining {
            try await database.withTenant(context) { transaction in
                try await transaction.check(new, of: id, after: nil)
                let jobs = new.rule == nil ? [] : [NewJob(EvaluateSegment(segmentID: id))]
                let (_, _, _, segment) = try await transaction.pipeline(
                    SegmentStatements.insert(tenant, id, new),
                    try Event.record(
                        "segment.created", Segment.kind, id.rawValue, from: nil, to: Segment(id, new), by: context,
                        unknown: ["member_count", "evaluated_at"]),
                    try Enqueue.statement(tenant: tenant.rawValue, jobs: jobs), SegmentStatements.find(tenant, id))
                return try segment.orNotFound(Segment.kind)
            }
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsRead)
        return try await database.lookUp(context, SegmentStatements.find(context.tenantID, id))
            .orNotFound(Segment.kind)
    }

    /// By age.
    public func list(_ context: TenantContext, _ page: PageRequest<Segment>) async throws -> Page<Segment> {
        try context.require(.segmentsRead)
        let segments = try await database.run(context, SegmentStatements.list(context.tenantID, page))
        return page.page(of: segments)
    }

    /// Changes a segment, if it still has the version that the caller saw; another rule is evaluated by a job right after.
    ///
    /// - Parameter change: gives the new values from the present ones; may be called several times.
    /// - Throws: ``ServiceError/invalid(_:)``, also for another kind; ``ServiceError/notFound(_:)``, ``ServiceError/stale``;
    ///   ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func update(
        _ context: TenantContext, _ id: Segment.ID, ifVersion expected: Int?,
        _ change: @Sendable (SegmentValues) throws -> SegmentValues
    ) async throws -> Segment {
        try context.require(.segmentsWrite)
        let tenant = context.tenantID
        return try await explaining {
            try await ServiceError.changing(ifVersion: expected) {
                try await database.withTenant(context) { transaction in
                    let old = try await transaction.run(SegmentStatements.find(tenant, id)).orNotFound(Segment.kind)
                    if let expected, expected != old.version { throw ServiceError.stale }
                    let values = try change(old.values)
                    if values.kind != old.values.kind {
                        throw ServiceError.invalid("/kind", "immutable", "A segment keeps its kind. Make another one.")
                    }
                    try ServiceError.refuse(values.faults.since(old.values.faults))
                    if ObjectChange(from: old, to: old.with(values)) == nil { return old }
                    try await transaction.check(values, of: id, after: old.values)
                    guard try await transaction.run(try SegmentStatements.update(tenant, old, values)) == 1 else {
                        throw ServiceError.stale
                    }
                    let jobs = values.rule == old.values.rule ? [] : [NewJob(EvaluateSegment(segmentID: id))]
                    let (_, _, segment) = try await transaction.pipeline(
                        try Event.record(
                            "segment.updated", Segment.kind, id.rawValue, from: old, to: old.with(values), by: context),
                        try Enqueue.statement(tenant: tenant.rawValue, jobs: jobs), SegmentStatements.find(tenant, id))
                    return try segment.orNotFound(Segment.kind)
                }
            }
        }
    }

    /// Removes a segment that nothing refers to any more; its name is free then.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/conflict(code:detail:)`` `in_use` for one with plans or
    ///   campaigns, and for one that rules ask for.
    @discardableResult
    public func remove(_ context: TenantContext, _ id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context, timeout: Self.removalTimeout) { transaction in
            let (_, found, isUsed, rules) = try await transaction.pipeline(
                SegmentStatements.lockRules(tenant), SegmentStatements.lock(tenant, id),
                SegmentStatements.isUsed(tenant, id), SegmentStatements.rules(tenant))
            let old = try found.orNotFound(Segment.kind)
            if isUsed || rules.contains(where: { $0.rule.segments.contains(id) }) {
                throw ServiceError.conflict(
                    code: "in_use", detail: "Plans, campaigns or rules refer to it. Change or remove them first.")
            }
            _ = try await transaction.pipeline(
                SegmentMemberStatements.removeAll(tenant, id), SegmentStatements.remove(tenant, id),
                try Event.record("segment.removed", Segment.kind, id.rawValue, from: old, to: nil, by: context))
            return old
        }
    }

    /// Asks for the rule to be evaluated anew; a job does it.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func requestEvaluation(_ context: TenantContext, _ id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let segment = try await transaction.run(SegmentStatements.find(tenant, id)).orNotFound(Segment.kind)
            guard segment.values.kind == .rule else { return segment }
            _ = try await transaction.run(
                try Enqueue.statement(tenant: tenant.rawValue, job: EvaluateSegment(segmentID: id)))
            return segment
        }
    }

    /// Whom a rule describes now; nothing is kept.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``, also for what the rule names and is not there.
    public func preview(_ context: TenantContext, _ rule: JSONNode) async throws -> SegmentPreview {
        // Whoever asks rules learns what they are about, as whoever makes a segment of one does.
        try context.require(.segmentsWrite)
        let rule = try SegmentRule(rule)
        let tenant = context.tenantID
        return try await database.withTenant(context, timeout: Self.previewTimeout) { transaction in
            let terms = try await transaction.check(rule, of: nil)
            let (_, _, count) = try await transaction.pipeline(
                SegmentStatements.plan(anew: true), SegmentStatements.makeRoom(for: rule),
                SegmentStatements.count(terms, rule))
            guard count > 0, context.scopes.contains(.customersRead) else {
                return SegmentPreview(count: count, sample: [])
            }
            let ids = try await transaction.run(SegmentStatements.sample(terms, rule))
            let sample = try await transaction.run(CustomerStatements.some(tenant, ids))
            return SegmentPreview(count: count, sample: sample)
        }
    }

    /// Millions of members may have to leave.
    private static let removalTimeout = Duration.seconds(60)

    /// Longer than a rule takes over millions of orders.
    private static let previewTimeout = Duration.seconds(30)

    private func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as PostgresError where error.violates("segment_name_key") {
            throw ServiceError.conflict(code: "name_taken", detail: "Another segment has this name.")
        }
    }
}

extension TenantTransaction {
    /// What only the other rows tell of a segment's rule.
    fileprivate mutating func check(
        _ values: SegmentValues, of id: Segment.ID, after old: SegmentValues?
    ) async throws {
        guard let node = values.rule, node != old?.rule else { return }
        let tenant = context.tenantID
        let (_, rules) = try await pipeline(SegmentStatements.lockRules(tenant), SegmentStatements.rules(tenant))
        let others = rules.filter { $0.id != id }
        guard others.count < [EvaluatedRule].maximum else {
            throw ServiceError.conflict(
                code: "too_many_rules",
                detail: "At most \([EvaluatedRule].maximum) segments have rules. Remove some first.")
        }
        let rule = try SegmentRule(node)
        try await check(rule, of: id)
        switch (others + [EvaluatedRule(id: id, rule: rule)]).longestChain {
        case nil: throw ServiceError.invalid("/rule", "cycle", "The rule asks, by way of others, for its own segment.")
        case .some(let length) where length > [EvaluatedRule].maximumChain:
            throw ServiceError.invalid(
                "/rule", "too_deep",
                "At most \([EvaluatedRule].maximumChain) segments ask for each other, one after the other.")
        case .some: break
        }
    }

    /// That what a rule names is there, and that its attributes are what it takes them to be.
    @discardableResult
    fileprivate mutating func check(_ rule: SegmentRule, of id: Segment.ID?) async throws -> SegmentQuery.Terms {
        let tenant = context.tenantID
        // Its own segment is named by a ring, which is told as such.
        let links = rule.links.map { link in
            ObjectLink(link.target, link.places.filter { $0.id != id?.rawValue })
        }
        try await require(links.filter { !$0.places.isEmpty })
        let (terms, attributes) = try await pipeline(
            SegmentStatements.terms(tenant), SegmentStatements.attributes(tenant))
        try ServiceError.refuse(rule.faults(with: attributes))
        return terms
    }
}
