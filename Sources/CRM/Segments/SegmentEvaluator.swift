import Foundation
import Postgres

/// Keeps up to date what customers come to and who is in which rule segment.
package struct SegmentEvaluator: Sendable {
    /// A rule over millions of orders takes its time.
    static let timeout = Duration.seconds(600)

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Looks after customers that changed, or with whom something happened.
    ///
    /// - Returns: `false`, and nothing is done, while somebody else evaluates for the tenant.
    package func refresh(_ context: TenantContext, _ customers: [Customer.ID]) async throws -> Bool {
        let tenant = context.tenantID
        let sorted = customers.sorted { $0.rawValue < $1.rawValue }
        return try await database.withTenant(context, timeout: Self.timeout) { transaction in
            // Each statement after the lock sees what was committed before it was taken.
            let (isFree, _, terms, rules) = try await transaction.pipeline(
                EvaluationStatements.tryLock(tenant), EvaluationStatements.hold(tenant, sorted),
                SegmentStatements.terms(tenant), SegmentStatements.rules(tenant))
            guard isFree else { return false }
            try await transaction.run(EvaluationStatements.summarise(tenant, currency: terms.currency, sorted))
            _ = try await transaction.pipeline(
                all: [EvaluationStatements.removeDeleted(tenant, sorted)]
                    + rules.inOrder.map { EvaluationStatements.evaluate(terms, $0, sorted) })
            return true
        }
    }

    /// Looks after all customers: what they come to, how they compare, who is in which segment.
    package func refresh(_ context: TenantContext) async throws {
        let tenant = context.tenantID
        let (terms, rules) = try await database.withTenant(context, timeout: Self.timeout) { transaction in
            let (_, terms, rules) = try await transaction.pipeline(
                EvaluationStatements.lock(tenant), SegmentStatements.terms(tenant), SegmentStatements.rules(tenant))
            _ = try await transaction.pipeline(
                EvaluationStatements.summarise(tenant, currency: terms.currency, nil),
                EvaluationStatements.rank(tenant), EvaluationStatements.removeDeleted(tenant, nil))
            return (terms, rules)
        }
        await database.analyse(context, ["customer_summary"])
        try await evaluate(context, terms, rules.inOrder)
    }

    /// Finds out who is in a segment now, and in those that build on it. A segment that is gone, or manual, is left alone.
    package func evaluate(_ context: TenantContext, _ id: Segment.ID) async throws {
        let tenant = context.tenantID
        let (terms, rules) = try await database.pipeline(
            context, SegmentStatements.terms(tenant), SegmentStatements.rules(tenant))
        try await evaluate(context, terms, rules.buildingOn(id))
    }

    /// One after the other, each in a transaction of its own, so that nobody waits for all of them.
    private func evaluate(
        _ context: TenantContext, _ terms: SegmentQuery.Terms, _ rules: [EvaluatedRule]
    ) async throws {
        var changes = 0
        for segment in rules.map(\.id) {
            changes += try await database.withTenant(context, timeout: Self.timeout) { transaction in
                try await Self.evaluate(segment, terms, in: &transaction)
            }
        }
        if changes >= 1000 { await database.analyse(context, ["segment_member"]) }
    }

    /// One segment within a transaction, by the rule that it has once the lock is held: whoever changes the rule has it evaluated
    /// after this.
    ///
    /// - Returns: how many customers came and went.
    @discardableResult
    private static func evaluate(
        _ id: Segment.ID, _ terms: SegmentQuery.Terms, in transaction: inout TenantTransaction
    ) async throws -> Int {
        let (_, segment) = try await transaction.pipeline(
            EvaluationStatements.lock(terms.tenant), SegmentStatements.find(terms.tenant, id))
        guard let rule = try segment?.values.rule.map({ try SegmentRule($0) }) else { return 0 }
        return try await transaction.run(EvaluationStatements.evaluate(terms, EvaluatedRule(id: id, rule: rule), nil))
    }

    /// One segment within a transaction.
    static func evaluate(_ id: Segment.ID, in transaction: inout TenantTransaction) async throws {
        let tenant = transaction.context.tenantID
        let terms = try await transaction.run(SegmentStatements.terms(tenant))
        try await evaluate(id, terms, in: &transaction)
    }
}
