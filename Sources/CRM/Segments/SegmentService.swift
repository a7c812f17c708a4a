import Foundation
import JobQueue
import Postgres

/// Segments and who is in them.
public struct SegmentService: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Creates a segment; a rule is evaluated by a job right after.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ServiceError/conflict(code:detail:)`` `name_taken`.
    public func create(
        _ context: TenantContext, id: Segment.ID = .make(), _ new: NewSegment
    ) async throws -> Segment {
        try context.require(.segmentsWrite)
        try ServiceError.refuse(new.faults)
        let rule = try new.rule.map { try SegmentRule($0) }
        let tenant = context.tenantID
        let jobs = rule == nil ? [] : [NewJob(EvaluateSegment(segmentID: id))]
        do {
            let (_, _, _, segment) = try await database.pipeline(
                context, SegmentStatements.insert(tenant, id, name: new.name, kind: new.kind, rule: rule),
                try Event.record(
                    "segment.created", "segment", id.rawValue, from: nil, to: Segment(id, new, rule), by: context,
                    unknown: ["member_count", "evaluated_at"]),
                try Enqueue.statement(tenant: tenant.rawValue, jobs: jobs), SegmentStatements.find(tenant, id))
            return try segment.orNotFound("segment")
        } catch let error as PostgresError where error.violates("segment_name_key") {
            throw ServiceError.conflict(code: "name_taken", detail: "A segment \"\(new.name)\" exists already.")
        }
    }

    /// - Throws: ``ServiceError/notFound(_:)``.
    public func find(_ context: TenantContext, _ id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsRead)
        return try await database.lookUp(context, SegmentStatements.find(context.tenantID, id)).orNotFound("segment")
    }

    /// By age.
    public func list(_ context: TenantContext, _ page: PageRequest<Segment>) async throws -> Page<Segment> {
        try context.require(.segmentsRead)
        let segments = try await database.run(context, SegmentStatements.list(context.tenantID, page))
        return page.page(of: segments)
    }

    /// The customers of a segment, by the customers' age.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func members(_ context: TenantContext, of id: Segment.ID, _ page: PageRequest<Customer>) async throws
        -> Page<Customer>
    {
        try context.require(.segmentsRead)
        try context.require(.customersRead)
        let tenant = context.tenantID
        let (segment, customers) = try await database.pipeline(
            context, SegmentStatements.find(tenant, id), CustomerStatements.members(tenant, of: id, page))
        _ = try segment.orNotFound("segment")
        return page.page(of: customers)
    }

    /// Puts customers into a manual segment; those that are in it already stay.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``; ``ServiceError/invalid(_:)`` for ids that are no customers;
    ///   ``ServiceError/conflict(code:detail:)`` `rule_segment`.
    public func add(_ context: TenantContext, _ customers: [Customer.ID], to id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsWrite)
        guard (1...1000).contains(customers.count) else {
            throw ServiceError.invalid("/customer_ids", "length", "1 to 1000 ids.")
        }
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (locked, known) = try await transaction.pipeline(
                SegmentStatements.lock(tenant, id), SegmentStatements.known(tenant, customers))
            guard try locked.orNotFound("segment").kind == .manual else {
                throw ServiceError.conflict(code: "rule_segment", detail: "The rule decides who is in this segment.")
            }
            let unknown = Set(customers).subtracting(known)
            if !unknown.isEmpty {
                throw ServiceError.invalid(
                    customers.enumerated().filter { unknown.contains($0.element) }.map { index, _ in
                        FieldError("/customer_ids/\(index)", "not_found", "No such customer.")
                    })
            }
            let (_, _, _, segment) = try await transaction.pipeline(
                SegmentStatements.addMembers(tenant, id, customers), SegmentStatements.recount(tenant, id),
                try Event.record(
                    "segment.members_added", "segment", id.rawValue, by: context,
                    data: ["count": .number(Decimal(customers.count))]),
                SegmentStatements.find(tenant, id))
            return try segment.orNotFound("segment")
        }
    }

    /// Asks for the rule to be evaluated anew; a job does it.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func requestEvaluation(_ context: TenantContext, _ id: Segment.ID) async throws -> Segment {
        try context.require(.segmentsWrite)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let segment = try await transaction.run(SegmentStatements.find(tenant, id)).orNotFound("segment")
            guard segment.kind == .rule else { return segment }
            _ = try await transaction.run(
                try Enqueue.statement(tenant: tenant.rawValue, job: EvaluateSegment(segmentID: id)))
            return segment
        }
    }

    /// Finds out who is in the segment now. A segment that is gone, or manual, is left alone.
    package func evaluate(_ context: TenantContext, _ id: Segment.ID) async throws {
        let changes = try await database.withTenant(context, timeout: SegmentService.evaluationTimeout) { transaction in
            try await SegmentService.evaluate(id, in: &transaction)
        }
        if changes >= 1000 { await database.analyse(context, ["segment_member"]) }
    }

    /// A rule over millions of orders takes its time.
    static let evaluationTimeout = Duration.seconds(600)

    /// - Returns: how many customers came and went.
    @discardableResult
    static func evaluate(_ id: Segment.ID, in transaction: inout TenantTransaction) async throws -> Int {
        let tenant = transaction.context.tenantID
        guard let rule = try await transaction.run(SegmentStatements.lock(tenant, id))?.rule else { return 0 }
        let (left, entered, _) = try await transaction.pipeline(
            SegmentStatements.removeLeavers(tenant, id, rule), SegmentStatements.addEntrants(tenant, id, rule),
            SegmentStatements.recount(tenant, id))
        return left + entered
    }
}

extension NewSegment {
    public static let nameRule = TextRule.words(200)

    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        Self.nameRule.check(name, "/name", into: &errors)
        switch (kind, rule) {
        case (.rule, nil): errors.append(FieldError("/rule", "required", "A rule segment needs its rule."))
        case (.manual, .some): errors.append(FieldError("/rule", "not_allowed", "A manual segment has no rule."))
        case (.manual, nil): break
        case (.rule, .some(let node)): errors += SegmentRule.faults(of: node)
        }
        return errors
    }
}

extension Optional {
    /// - Throws: ``ServiceError/notFound(_:)`` for `nil`.
    func orNotFound(_ kind: String) throws -> Wrapped {
        guard let self else { throw ServiceError.notFound(kind) }
        return self
    }
}
