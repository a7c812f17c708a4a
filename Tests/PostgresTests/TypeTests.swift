import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct TypeTests {
    private struct Case<Value> {
        let value: Value
        let literal: SQL

        init(_ value: Value, _ literal: SQL) {
            self.value = value
            self.literal = literal
        }
    }

    /// Sends each value as a parameter, compares it there with the same as an SQL literal, and reads it back.
    private func roundTrip<Value: PostgresCodable & Equatable & Sendable>(_ cases: [Case<Value>]) async throws {
        try await Connection.with(TestServer.configuration()) { connection in
            for (value, literal) in cases.map({ ($0.value, $0.literal) }) {
                let (same, back) = try await connection.run(
                    Statement(
                        "test.type", "SELECT v IS NOT DISTINCT FROM (\(literal)), v FROM (SELECT \(value) AS v) AS t",
                        one: { try ($0.next(Bool.self), $0.next(Value.self)) }))
                #expect(same, "\(value) as \(literal.text)")
                #expect(back == value)
            }
        }
    }

    @Test func `booleans and integers round trip`() async throws {
        try await roundTrip([Case(true, "true"), Case(false, "false")])
        try await roundTrip([Case(Int16.min, "(-32768)::int2"), Case(Int16.max, "32767::int2")])
        try await roundTrip([Case(Int32.min, "-2147483648"), Case(Int32.max, "2147483647"), Case(0, "0")])
        try await roundTrip([Case(Int64.min, "-9223372036854775808"), Case(Int64.max, "9223372036854775807")])
        try await roundTrip([Case(Int.min, "-9223372036854775808"), Case(-1, "-1")])
    }

    @Test func `floating point numbers round trip`() async throws {
        try await roundTrip([
            Case(0.1, "0.1::float8"), Case(-1e300, "-1e300::float8"), Case(Double.infinity, "'infinity'::float8"),
            Case(Double.leastNonzeroMagnitude, "5e-324::float8"),
        ])
        try await roundTrip([Case(Float(0.1), "0.1::float4"), Case(-.infinity, "'-infinity'::float4")])
    }

    @Test func `texts round trip, the empty one too`() async throws {
        try await roundTrip([Case("", "''"), Case("سلام 🌍 'quoted' \\ \n", "E'سلام 🌍 ''quoted'' \\\\ \\n'")])
    }

    @Test func `text columns of every kind read as strings`() async throws {
        let texts = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.texts", "SELECT 'a'::varchar(3), 'b'::name, 'c'::char(1), 'd', ARRAY['e']::varchar[]",
                    one: { row in
                        try [row.next(String.self), row.next(), row.next(), row.next()] + row.next([String].self)
                    }))
        }
        #expect(texts == ["a", "b", "c", "d", "e"])
    }

    @Test func `bytes round trip`() async throws {
        try await roundTrip([
            Case(Bytes([]), "''::bytea"), Case(Bytes(Array(0...255)), "decode(\(Self.allBytes), 'hex')"),
        ])
    }

    private static let allBytes = (0...255).map { String(format: "%02x", $0) }.joined()

    @Test(arguments: [
        "0", "1", "-1", "0.1", "0.0001", "0.00001", "-0.00010001", "9999", "10000", "10001", "99999999", "100000000",
        "12345.6789", "-12345.6789", "100000000000000000000", "123456789012345678901234567890", "1234.5000", "0.5",
        "-99999999999999999999999999999999999999", "0.0000000000000000000000000000000000001", "10000.0001",
        "1000000000000000000.000000000000000001", "340282366920938463463374607431768211",
    ])
    func `decimals round trip exactly`(_ text: String) async throws {
        let value = try #require(Decimal(string: text))
        try await roundTrip([Case(value, "\(text)::text::numeric")])
    }

    @Test func `a numeric that a Decimal cannot hold is an error and not another number`() async throws {
        for text in [
            "NaN", "infinity", "1234567890123456789012345678901234567890123456789", "1e200",
            "0.1234567890123456789012345678901234567890123456789",
        ] {
            let error = try await failure {
                try await Connection.with(TestServer.configuration()) { connection in
                    try await connection.run(
                        Statement(
                            "test.numeric", "SELECT \(text)::text::numeric AS n", one: { try $0.next(Decimal.self) }))
                }
            }
            #expect(
                error.reason == .decoding(column: "n", expected: "Decimal", found: "numeric with another value"),
                "\(text)")
        }
    }

    @Test func `a Decimal that is not a number is NaN`() async throws {
        let isNaN = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement("test.nan", "SELECT \(Decimal.nan) = 'NaN'::numeric", one: { try $0.next(Bool.self) }))
        }
        #expect(isNaN)
    }

    @Test func `microseconds of present days round trip exactly`() async throws {
        let first = 1_795_305_600_000_000  // 2026-11-22
        let microseconds = (0..<200).map { first + $0 * 86_399_123_457 }
        try await Connection.with(TestServer.configuration()) { connection in
            for start in microseconds {
                let sent: SQL = "to_timestamp(0) + \(start) * interval '1 microsecond'"
                let date = try await connection.run(
                    Statement("test.date", "SELECT \(sent)", one: { try $0.next(Date.self) }))
                let same = try await connection.run(
                    Statement("test.same", "SELECT \(date) = \(sent)", one: { try $0.next(Bool.self) }))
                #expect(same, "\(start)")
            }
        }
    }

    @Test func `far dates round trip`() async throws {
        try await roundTrip([
            Case(Date(timeIntervalSince1970: 0), "'1970-01-01Z'::timestamptz"),
            Case(Date.distantPast, "to_timestamp(-62135769600)"),
            Case(Date.distantFuture, "'4001-01-01Z'::timestamptz"),
            Case(Date(timeIntervalSince1970: -210_866_803_200), "'4714-11-24 00:00:00Z BC'::timestamptz"),
        ])
    }

    @Test func `days round trip`() async throws {
        for text in ["2000-01-01", "1999-12-31", "2024-02-29", "0001-01-01", "9999-12-31", "1900-03-01", "2100-02-28"] {
            let day = try #require(LocalDate(text))
            #expect(day.description == text)
            try await roundTrip([Case(day, "\(text)::text::date")])
        }
        for text in [
            "2023-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-1-01", "+026-01-01", "", "2026-01-01x",
        ] {
            #expect(LocalDate(text) == nil, "\(text)")
        }
    }

    @Test func `UUIDs round trip`() async throws {
        let id = UUID()
        try await roundTrip([Case(id, "\(id.uuidString)::text::uuid")])
    }

    @Test func `JSON round trips as text and as a Codable value`() async throws {
        struct Point: Codable, Equatable { var x: Int, y: [String?] }
        let point = Point(x: 1, y: ["ی", nil, "/"])
        let (back, raw, json) = try await Connection.with(TestServer.configuration()) { connection in
            let value = try JSONValue(point)
            return try await connection.run(
                Statement(
                    "test.json", "SELECT \(value), \(JSONText(utf8: Array("{ }".utf8))), '[1, 2]'::json",
                    one: {
                        try ($0.next(JSONValue<Point>.self), $0.next(JSONText.self), $0.next(JSONValue<[Int]>.self))
                    }))
        }
        #expect(back.value == point)
        #expect(raw.utf8 == Array("{}".utf8))
        #expect(json.value == [1, 2])
    }

    @Test func `arrays round trip, empty ones too`() async throws {
        try await roundTrip([Case([Int](), "'{}'::int8[]"), Case([1, -2], "'{1,-2}'::int8[]")])
        try await roundTrip([Case(["", "a,b", "\"{}"], "ARRAY['', 'a,b', '\"{}']")])
        try await roundTrip([Case([true, false], "ARRAY[true, false]"), Case([], "'{}'::bool[]")])
        try await roundTrip([Case([Decimal(1), Decimal(string: "-0.5") ?? 0], "ARRAY[1, -0.5]")])
        try await roundTrip([Case([Date(timeIntervalSince1970: 0)], "ARRAY['1970-01-01Z'::timestamptz]")])
        try await roundTrip([Case([Int16(1)], "ARRAY[1::int2]")])
        try await roundTrip([Case([Int32(1)], "ARRAY[1]")])
        try await roundTrip([Case([0.5], "ARRAY[0.5::float8]")])
        try await roundTrip([Case([Bytes([1]), Bytes([])], "ARRAY['\\x01'::bytea, ''::bytea]")])
        try await roundTrip([Case([LocalDate(daysSince2000: 1)], "ARRAY['2000-01-02'::date]")])
        let ids = [UUID(), UUID()]
        try await roundTrip([Case(ids, "ARRAY[\(ids[0]), \(ids[1])]")])
    }

    @Test func `an array may be sent with NULLs; reading one without asking for them is an error`() async throws {
        try await Connection.with(TestServer.configuration()) { connection in
            let count = try await connection.run(
                Statement(
                    "test.nulls", "SELECT num_nulls(VARIADIC \(NullableArray<Int>([1, nil, nil])))",
                    one: { try $0.next(Int.self) }))
            #expect(count == 2)
        }
        let error = try await failure {
            try await Connection.with(TestServer.configuration()) { connection in
                try await connection.run(
                    Statement("test.nulls", "SELECT ARRAY[1, NULL] AS a", one: { try $0.next([Int].self) }))
            }
        }
        #expect(error.reason == .decoding(column: "a", expected: "Array<Int>", found: "int4[] with another value"))
    }

    @Test func `enumerations travel as their raw values`() async throws {
        enum Stage: String, PostgresCodable, Equatable { case potential, actual }
        try await roundTrip([Case(Stage.actual, "'actual'")])
        let error = try await failure {
            try await Connection.with(TestServer.configuration()) { connection in
                try await connection.run(
                    Statement("test.stage", "SELECT 'lost' AS stage", one: { try $0.next(Stage.self) }))
            }
        }
        #expect(error.reason == .decoding(column: "stage", expected: "Stage", found: "text with another value"))
    }
}
