import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

@Suite("Money")
struct MoneyTests {
    private static let amounts = [
        "0", "1", "-1", "0.0001", "-0.0001", "12.5", "-12.5", "0.1", "9999.9999", "10000", "-10000.0001", "100000000",
        "99999999999999.9999", "-99999999999999.9999", "10000000000000", "0.001",
    ]

    @Test("in JSON an amount is a string, and comes back as the same number", arguments: amounts)
    func json(text: String) throws {
        let money = Money(amount: try #require(Decimal(plain: text)), currency: "IRR")
        let document = try JSONEncoder().encode(money)
        #expect(try JSONDecoder().decode([String: String].self, from: document) == ["amount": text, "currency": "IRR"])
        #expect(try JSONDecoder().decode(Money.self, from: document) == money)
    }

    @Test(
        "zeros and digits that make no difference make none",
        arguments: [("12.50", "12.5"), ("000012.5000", "12.5"), ("-0", "0"), ("0.0000", "0"), ("۱۲٫۵۰", "12.5")])
    func folded(text: String, plain: String) throws {
        let document = Data(#"{"amount": "\#(text)", "currency": "EUR"}"#.utf8)
        let money = try JSONDecoder().decode(Money.self, from: document)
        #expect(money == Money(amount: try #require(Decimal(plain: plain)), currency: "EUR"))
        #expect(money.amount.description == plain && !money.amount.isNaN)
    }

    @Test(
        "what is no amount is refused, not rounded",
        arguments: [
            #""1e3""#, #""NaN""#, #""""#, #""100000000000000""#, #""0.00001""#, #""12,5""#, "12.5", "null", #""+1""#,
        ])
    func refused(amount: String) {
        let document = Data(#"{"amount": \#(amount), "currency": "EUR"}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Money.self, from: document) }
    }

    /// As the tables of the schema keep amounts, with all 14 + 4 digits.
    @Test("a column keeps the amount that it was given")
    func column() async throws {
        let numbers = try Self.amounts.map { try #require(Decimal(plain: $0)) }
        let texts = Self.amounts
        let (kept, same, shown) = try await Connection.with(TestDatabase.administrative.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.amounts",
                    """
                    SELECT array_agg(n::numeric(18, 4) ORDER BY i), bool_and(n = t::numeric),
                        array_agg(trim_scale(n::numeric(18, 4))::text ORDER BY i)
                    FROM unnest(\(numbers), \(texts)) WITH ORDINALITY AS a (n, t, i)
                    """,
                    one: { row in try (row.next([Decimal].self), row.next(Bool.self), row.next([String].self)) }))
        }
        #expect(kept == numbers && same && shown == texts)
    }

    @Test("a plan's budget comes back as the money that it was")
    func budget() async throws {
        try await Business.with { business in
            let segment = try await business.segment(of: [])
            for text in ["0", "0.0001", "12.5", "99999999999999.9999"] {
                let budget = Money(amount: try #require(Decimal(plain: text)), currency: "EUR")
                var content = PlanContent.sample
                content.budget = budget
                let plan = try await business.plans.create(
                    business.context, NewPlan(name: text, segmentID: segment.id, content: content))
                #expect(try await business.plans.find(business.context, plan.id).content.budget == budget)
            }
        }
    }
}
