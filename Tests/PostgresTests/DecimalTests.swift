import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct DecimalTests {
    @Test(arguments: [
        "0", "1", "-1", "0.1", "0.0001", "0.00001", "-0.00010001", "9999", "10000", "10001", "99999999", "100000000",
        "12345.6789", "-12345.6789", "100000000000000000000", "123456789012345678901234567890", "1234.5000", "0.5",
        "-99999999999999999999999999999999999999", "0.0000000000000000000000000000000000001", "10000.0001",
        "1000000000000000000.000000000000000001", "340282366920938463463374607431768211",
        "340282366920938463463374607431768211455", "-34028236692093846346337460743.1768211455", "1e127", "-12e100",
        "1e-128",
    ])
    func `decimals round trip exactly`(_ text: String) async throws {
        let value = try #require(Decimal(string: text))
        try await roundTrip([Case(value, "\(text)::text::numeric")])
    }

    @Test func `a numeric that a Decimal cannot hold is an error and not another number`() async throws {
        for text in [
            "infinity", "-infinity", "1234567890123456789012345678901234567890123456789", "1e200", "1e128", "1e-129",
            "0.1234567890123456789012345678901234567890123456789", "340282366920938463463374607431768211456",
        ] {
            #expect(
                try await misreading("SELECT \(text)::text::numeric AS n", as: Decimal.self)
                    == .decoding(column: "n", expected: "Decimal", found: "numeric with another value"),
                "\(text)")
        }
    }

    @Test func `NaN round trips`() async throws {
        try await roundTrip([Case(Decimal.nan, "'NaN'::numeric")])
    }

    @Test func `zeros that a numeric shows at its end are not kept`() async throws {
        let texts = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.scale", "SELECT 12.5000, 0.00, 100.0, \(Decimal(125) / 10)::text, \(Decimal(1200))::text",
                    one: { row in
                        try [Decimal](arrayLiteral: row.next(), row.next(), row.next()).map(\.description)
                            + [row.next(String.self), row.next()]
                    }))
        }
        #expect(texts == ["12.5", "0", "100", "12.5", "1200"])
    }

    @Test func `random decimals are the numbers that their texts are`() async throws {
        var random = SplitMix64(seed: 1)
        let texts = (0..<2000).map { _ in
            let digits = (1...38).randomElement(using: &random) ?? 1
            let number = (0..<digits).map { _ in Int.random(in: 0...9, using: &random) }.map(String.init).joined()
            let exponent = Int.random(in: -60...40, using: &random)
            return (Bool.random(using: &random) ? "-" : "") + number + "e\(exponent)"
        }
        let numbers = try texts.map { try #require(Decimal(string: $0)) }
        let (same, back) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.random", "SELECT \(numbers) = \(texts)::numeric[], \(texts)::numeric[]",
                    one: { try ($0.next(Bool.self), $0.next([Decimal].self)) }))
        }
        #expect(same)
        #expect(back == numbers)
    }
}
