import Foundation
import JobQueue
import Postgres

/// Keeps up to date what customers come to and who is in which rule segment. One at a time for a tenant.
package struct SegmentEvaluator: Sendable {
    /// Somebody else evaluates for the tenant, and nothing was done: try again shortly.
    package struct Busy: Error {}

    /// A rule over millions of orders takes its time.
    static let timeout = Duration.seconds(600)

    /// Customers that are looked after at once.
    private static let batch = 500
    /// Batches after which others have their turn.
    private static let batches = 20

    private let database: Database

    package init(database: Database) { self.database = database }

    /// Looks after the customers that were noted: those that changed, or with whom something happened.
    ///
    /// - Returns: whether nothing is left.
    /// - Throws: ``Busy``.
    @discardableResult
    package func refreshNoted(_ context: TenantContext) async throws -> Bool {
        for _ in 0..<Self.batches {
            let count = try await database.withTenant(context, timeout: Self.timeout) { transaction in
                try await transaction.refreshNoted(atMost: Self.batch)
            }
            if count < Self.batch { return true }
        }
        return false
    }

    /// Looks after all customers: what they come to, how they compare, who is in which segment.
    ///
    /// - Throws: ``Busy``.
    package func refresh(_ context: TenantContext) async throws {
        let tenant = context.tenantID
        try await database.withTenant(context, timeout: Self.timeout) { transaction in
            let (terms, _) = try await transaction.beginEvaluation(ofAll: true)
            _ = try await transaction.run(EvaluationStatements.summarise(tenant, currency: terms.currency, nil))
        }
        await database.analyse(context, ["customer_summary"])
        // By itself, so that nobody waits for it who changes customers of whom something was found out.
        let rules = try await waiting {
            try await database.withTenant(context, timeout: Self.timeout) { transaction in
                let (_, rules) = try await transaction.beginEvaluation(ofAll: true)
                _ = try await transaction.pipeline(
                    EvaluationStatements.rank(tenant), EvaluationStatements.removeDeleted(tenant, nil))
                return rules
            }
        }
        _ = try await evaluate(context, rules.inOrder)
    }

    /// Finds out who is in a segment now, and in those that build on it. A segment that is gone, or manual, is left alone.
    ///
    /// - Throws: ``Busy``.
    package func evaluate(_ context: TenantContext, _ id: Segment.ID) async throws {
        let (hasTurned, rules) = try await database.withTenant(context, timeout: Self.timeout) { transaction in
            let (terms, rules) = try await transaction.beginEvaluation(ofAll: true)
            guard let rule = rules.first(where: { $0.id == id }) else { return (false, [EvaluatedRule]()) }
            let hasTurned = try await transaction.evaluate(terms, rule)
            return (hasTurned, rules.buildingOn(id).filter { $0.id != id })
        }
        let haveTurned = try await evaluate(context, rules)
        if hasTurned || haveTurned { await database.analyse(context, ["segment_member"]) }
    }

    /// Looks after whatever is still noted, before somebody relies on it.
    ///
    /// - Throws: ``Busy``, also while all customers are still to be looked at.
    func settle(_ context: TenantContext) async throws {
        if try await database.run(context, EvaluationStatements.isRefreshWaiting(context.tenantID)) { throw Busy() }
        if try await !refreshNoted(context) { throw Busy() }
    }

    /// One after the other, each in a transaction of its own, so that nobody waits for all of them; by the rule that it has then,
    /// since whoever changes a rule has it evaluated after this.
    ///
    /// - Returns: whether many came into any of them, or left it.
    private func evaluate(_ context: TenantContext, _ rules: [EvaluatedRule]) async throws -> Bool {
        var haveTurned = false
        for id in rules.map(\.id) {
            let hasTurned = try await waiting {
                try await database.withTenant(context, timeout: Self.timeout) { transaction in
                    let (terms, rules) = try await transaction.beginEvaluation(ofAll: true)
                    guard let rule = rules.first(where: { $0.id == id }) else { return false }
                    return try await transaction.evaluate(terms, rule)
                }
            }
            haveTurned = haveTurned || hasTurned
        }
        return haveTurned
    }

    /// What was begun is not begun anew because somebody else had a turn in between. No connection is held meanwhile.
    private func waiting<Result>(_ body: () async throws -> Result) async throws -> Result {
        while true {
            do { return try await body() } catch is Busy { try await Task.sleep(for: .milliseconds(200)) }
        }
    }
}

extension TenantTransaction {
    /// Holds off others who evaluate, and gives what to evaluate with. Each statement after the lock sees what was committed before
    /// it was taken.
    ///
    /// - Throws: ``SegmentEvaluator/Busy``.
    fileprivate mutating func beginEvaluation(
        ofAll: Bool
    ) async throws -> (SegmentQuery.Terms, [EvaluatedRule]) {
        let tenant = context.tenantID
        guard try await run(EvaluationStatements.tryLock(tenant)) else { throw SegmentEvaluator.Busy() }
        let (_, terms, rules) = try await pipeline(
            SegmentStatements.plan(anew: ofAll), SegmentStatements.terms(tenant), SegmentStatements.rules(tenant))
        return (terms, rules)
    }

    /// - Returns: whether many came or went.
    fileprivate mutating func evaluate(
        _ terms: SegmentQuery.Terms, _ rule: EvaluatedRule, isExact: Bool = false
    ) async throws -> Bool {
        try await pipeline(
            SegmentStatements.makeRoom(for: rule.rule),
            EvaluationStatements.evaluate(terms, rule, nil, isExact: isExact)
        ).1
    }

    /// - Returns: how many notes there were.
    fileprivate mutating func refreshNoted(atMost limit: Int) async throws -> Int {
        let tenant = context.tenantID
        let (terms, rules) = try await beginEvaluation(ofAll: false)
        let noted = try await run(RefreshCustomers.take(tenant: tenant.rawValue, atMost: limit))
        guard !noted.isEmpty else { return 0 }
        let customers = Set(noted).sorted().map(Customer.ID.init(rawValue:))
        _ = try await run(EvaluationStatements.hold(tenant, customers))
        _ = try await pipeline(
            EvaluationStatements.summarise(tenant, currency: terms.currency, customers),
            EvaluationStatements.removeDeleted(tenant, customers), FindDuplicates.notingChanged(tenant, customers))
        _ = try await pipeline(all: rules.inOrder.map { EvaluationStatements.evaluate(terms, $0, customers) })
        return noted.count
    }

    /// Finds out who is in a segment now, and before that in those that it builds on, by the customers as they are now: whom one writes
    /// to because of it cannot be taken back.
    ///
    /// - Throws: ``SegmentEvaluator/Busy``.
    mutating func evaluate(_ id: Segment.ID) async throws {
        let (terms, rules) = try await beginEvaluation(ofAll: true)
        for rule in rules.leading(to: id) { _ = try await evaluate(terms, rule, isExact: true) }
    }
}
