import CRM
import Foundation
import Postgres

/// What it takes to evaluate a rule, beside the bare SQL that finds the same customers, as the superuser and without row security.
struct RuleBench {
    let database: Database
    let context: TenantContext
    let superuser: String
    let runs: Int

    private struct Rule {
        let name: String
        let node: JSONNode
        let bare: SQL
    }

    private static let tenant = ScalePopulation.largest

    private static var rules: [Rule] {
        func comparison(_ field: String, _ comparator: String, _ value: JSONNode, lastDays: Int? = nil) -> JSONNode {
            var members: [String: JSONNode] = ["field": .string(field), "op": .string(comparator), "value": value]
            members["last_days"] = lastDays.map { .number(Decimal($0)) }
            return .object(members)
        }
        let actual = comparison("stage", "eq", .string("actual"))
        return [
            Rule(
                name: "evaluate",
                node: .object([
                    "all": .array([
                        actual, comparison("orders.count", "gte", .number(3)),
                        comparison("orders.amount", "gte", .number(500)),
                    ])
                ]),
                bare: """
                    SELECT c.id FROM crm.customer c JOIN (
                        SELECT customer_id FROM crm.customer_order WHERE tenant_id = \(tenant) AND deleted_at IS NULL
                        GROUP BY customer_id HAVING count(*) >= 3 AND sum(amount) >= 500
                    ) o ON o.customer_id = c.id
                    WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL AND c.stage = 'actual'
                    """),
            Rule(
                name: "evaluate last_days",
                node: .object(["all": .array([actual, comparison("orders.count", "gte", .number(1), lastDays: 365)])]),
                bare: """
                    SELECT c.id FROM crm.customer c JOIN (
                        SELECT customer_id FROM crm.customer_order
                        WHERE tenant_id = \(tenant) AND deleted_at IS NULL AND ordered_on > current_date - 365
                        GROUP BY customer_id HAVING count(*) >= 1
                    ) o ON o.customer_id = c.id
                    WHERE c.tenant_id = \(tenant) AND c.deleted_at IS NULL AND c.stage = 'actual'
                    """),
        ]
    }

    func cases() async throws -> [Measurement.Case] {
        let pool = Pool(try Configuration(url: superuser))
        defer { pool.close() }
        var cases: [Measurement.Case] = []
        for rule in Self.rules {
            let segment = try await SegmentService(database: database).create(
                context, SegmentValues(name: rule.name, kind: .rule, rule: rule.node))
            let evaluator = SegmentEvaluator(database: database)
            // The first fills the segment.
            try await evaluator.evaluate(context, segment.id)
            var (values, floors) = ([Double](), [Double]())
            for _ in 1...runs {
                floors.append(
                    try await milliseconds {
                        _ = try await pool.pipeline(
                            Statement<Int>(
                                "bench.bare", "SELECT count(*) FROM (\(rule.bare)) AS b", one: { try $0.next() }))
                    })
                values.append(try await milliseconds { try await evaluator.evaluate(context, segment.id) })
            }
            cases.append(
                Measurement.Case(
                    name: rule.name, unit: "ms", values: values, floors: floors, memoryMb: 0, isCost: true, goal: 0.667)
            )
        }
        return cases
    }

    private func milliseconds(_ body: () async throws -> Void) async throws -> Double {
        let time = try await ContinuousClock().measure { try await body() }
        return time / .milliseconds(1)
    }
}
