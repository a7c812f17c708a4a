import Foundation
import JobQueue
import Postgres

/// Who is in segments, who was, and why.
public struct SegmentMembers: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// The customers of a segment, by the customers' age.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func list(
        _ context: TenantContext, of id: Segment.ID, _ page: PageRequest<Customer>
    ) async throws -> Page<Customer> {
        try context.require(.segmentsRead)
        try context.require(.customersRead)
        let tenant = context.tenantID
        let (segment, customers) = try await database.pipeline(
            context, SegmentStatements.find(tenant, id), CustomerStatements.members(tenant, of: id, page))
        _ = try segment.orNotFound(Segment.kind)
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
            // The customers first, as whoever evaluates rules does.
            let (known, locked) = try await transaction.pipeline(
                SegmentMemberStatements.known(tenant, customers), SegmentStatements.lock(tenant, id))
            try Self.requireManual(locked)
            let unknown = Set(customers).subtracting(known)
            if !unknown.isEmpty {
                throw ServiceError.invalid(
                    customers.enumerated().filter { unknown.contains($0.element) }.map { index, _ in
                        FieldError("/customer_ids/\(index)", "not_found", "No such customer.")
                    })
            }
            let (_, _, _, segment) = try await transaction.pipeline(
                SegmentMemberStatements.add(tenant, id, customers),
                try Event.record(
                    "segment.members_added", Segment.kind, id.rawValue, by: context,
                    data: ["count": .number(Decimal(customers.count))]),
                // Other segments may ask for this one.
                RefreshCustomers.noting(tenant, customers), SegmentStatements.find(tenant, id))
            return try segment.orNotFound(Segment.kind)
        }
    }

    /// Takes a customer out of a manual segment.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``, also for who is not in it; ``ServiceError/conflict(code:detail:)``
    ///   `rule_segment`.
    public func remove(
        _ context: TenantContext, _ customer: Customer.ID, from id: Segment.ID
    ) async throws {
        try context.require(.segmentsWrite)
        let tenant = context.tenantID
        try await database.withTenant(context) { transaction in
            // The customer first, as whoever evaluates rules does.
            let (_, segment) = try await transaction.pipeline(
                EvaluationStatements.hold(tenant, [customer]), SegmentStatements.lock(tenant, id))
            try Self.requireManual(segment)
            guard try await transaction.run(SegmentMemberStatements.remove(tenant, id, customer)) == 1 else {
                throw ServiceError.notFound(Customer.kind)
            }
            _ = try await transaction.pipeline(
                try Event.record(
                    "segment.member_removed", Segment.kind, id.rawValue, by: context,
                    data: ["customer_id": .string(customer.description)]),
                RefreshCustomers.noting(tenant, [customer]))
        }
    }

    private static func requireManual(_ segment: Segment?) throws {
        guard try segment.orNotFound(Segment.kind).values.kind == .manual else {
            throw ServiceError.conflict(code: "rule_segment", detail: "The rule decides who is in this segment.")
        }
    }

    /// Why a customer is in a segment, or is not: what became of each part of its rule, as it would be found now. What the caller
    /// may not read elsewhere is not told.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func explain(
        _ context: TenantContext, _ customer: Customer.ID, in id: Segment.ID
    ) async throws -> SegmentExplanation {
        try context.require(.segmentsRead)
        try context.require(.customersRead)
        let tenant = context.tenantID
        return try await database.withTenant(context) { transaction in
            let (found, isThere, enteredAt, terms) = try await transaction.pipeline(
                SegmentStatements.find(tenant, id), CustomerStatements.isThere(tenant, customer),
                SegmentMemberStatements.enteredAt(tenant, id, customer), SegmentStatements.terms(tenant))
            let segment = try found.orNotFound(Segment.kind)
            guard isThere else { throw ServiceError.notFound(Customer.kind) }
            var reason: SegmentExplanation.Reason?
            if let rule = segment.values.rule.flatMap(SegmentRule.kept) {
                let results = try await transaction.run(
                    SegmentStatements.explanation(terms, rule, of: customer)
                ).orNotFound(Customer.kind)
                reason = rule.reason(
                    zip(rule.comparisons, results).map { comparison, result in
                        context.mayRead(comparison.subject) ? result : (nil, nil)
                    })
            }
            return SegmentExplanation(
                segmentID: id, customerID: customer, isMember: enteredAt != nil, enteredAt: enteredAt, reason: reason)
        }
    }

    /// Who came into a segment and who left it, newest first.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func changes(
        _ context: TenantContext, of id: Segment.ID, _ page: PageRequest<SegmentChange>
    ) async throws -> Page<SegmentChange> {
        try context.require(.segmentsRead)
        try context.require(.customersRead)
        let tenant = context.tenantID
        let (segment, changes) = try await database.pipeline(
            context, SegmentStatements.find(tenant, id), SegmentMemberStatements.changes(tenant, of: id, page))
        _ = try segment.orNotFound(Segment.kind)
        return page.page(of: changes)
    }

    /// A customer's times in segments, newest first; those that last have no end.
    ///
    /// - Throws: ``ServiceError/notFound(_:)``.
    public func stays(
        _ context: TenantContext, of customer: Customer.ID, _ page: PageRequest<SegmentStay>
    ) async throws -> Page<SegmentStay> {
        try context.require(.customersRead)
        try context.require(.segmentsRead)
        let tenant = context.tenantID
        let (isThere, stays) = try await database.pipeline(
            context, CustomerStatements.isThere(tenant, customer),
            SegmentMemberStatements.stays(tenant, of: customer, page))
        if !isThere { throw ServiceError.notFound(Customer.kind) }
        return page.page(of: stays)
    }
}

extension TenantContext {
    fileprivate func mayRead(_ subject: SegmentRule.Subject) -> Bool {
        guard case .field(let field) = subject, let scope = field.scope else { return true }
        return scopes.contains(scope)
    }
}
