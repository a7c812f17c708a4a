import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Rules as SQL say of every customer what the same rules say in memory.
@Suite("Rules against a model")
struct RulePropertyTests {
    @Test
    func `Five hundred random trees find the customers whom they describe, and say of each part whether it holds`()
        async throws
    {
        try await Business.with { business in
            var world = try await RuleWorld.make(business, seed: 6)
            var (found, sizes) = (0, Set<Int>())
            for number in 0..<500 {
                let node = world.rules.tree(depth: 4, number)
                let rule = try SegmentRule(node)
                let (ids, some) = try await business.database.pipeline(
                    business.context, Self.matching(rule, world, nil),
                    Self.matching(rule, world, world.customers.map(\.id)))
                let expected = Set(world.customers.filter { world.model.holds(node, of: $0) }.map(\.id))
                try #require(Set(ids) == expected, "\(number): \(Self.text(node))")
                // Asked of customers by name, the rule is another statement.
                try #require(Set(some) == expected, "\(number), of some: \(Self.text(node))")
                found += ids.count
                sizes.insert(ids.count)
                guard number % 10 == 0 else { continue }
                // And so do the parts of one customer's explanation.
                let customer = world.customers[number % world.customers.count]
                let results = try await business.database.run(
                    business.context, SegmentStatements.explanation(world.terms, rule, of: customer.id))
                let reason = rule.reason(try #require(results))
                try #require(reason.holds == expected.contains(customer.id), "\(number): \(Self.text(node))")
            }
            // Rules that find nobody, or everybody, would prove nothing.
            #expect(sizes.count > 20 && found > 3000)
        }
    }

    private static func matching(
        _ rule: SegmentRule, _ world: RuleWorld, _ customers: [Customer.ID]?
    ) -> Statement<[Customer.ID]> {
        Statement(
            "test.matching", SegmentQuery.matching(rule, world.terms, customers: customers), all: { try $0.next() })
    }

    private static func text(_ node: JSONNode) -> String { String(decoding: JSONWriter.bytes(of: node), as: UTF8.self) }
}

extension RandomRules {
    fileprivate mutating func tree(depth: Int, _ number: Int) -> JSONNode {
        // Each field and operator by itself first, so that none is left to chance.
        tree(depth: 1 + number % depth)
    }
}
