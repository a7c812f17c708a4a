import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct TypeTests {
    @Test func `booleans and integers round trip`() async throws {
        try await roundTrip([Case(true, "true"), Case(false, "false")])
        try await roundTrip([Case(TupleIdentifier(block: .max - 1, offset: 7), "'(4294967294,7)'::tid")])
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
        let (back, raw, json, list) = try await Connection.with(TestServer.configuration()) { connection in
            let value = try JSONValue(point)
            return try await connection.run(
                Statement(
                    "test.json",
                    "SELECT \(value), \(JSONText(utf8: Array("{ }".utf8))), '[1, 2]'::json, ARRAY['[3]'::json]",
                    one: {
                        try (
                            $0.next(JSONValue<Point>.self), $0.next(JSONText.self), $0.next(JSONValue<[Int]>.self),
                            $0.next([JSONText].self)
                        )
                    }))
        }
        #expect(back.value == point)
        #expect(raw.utf8 == Array("{}".utf8))
        #expect(json.value == [1, 2])
        #expect(list == [JSONText(utf8: Array("[3]".utf8))])
    }

    @Test func `the json type keeps its text letter for letter`() async throws {
        let text = VerbatimJSON(utf8: Array("{\"b\": 1,\n \"a\":2, \"b\":3}".utf8))
        let (back, list, same) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.verbatim", "SELECT \(text), \([text, text]), \(text)::text = \(text.text)",
                    one: { try ($0.next(VerbatimJSON.self), $0.next([VerbatimJSON].self), $0.next(Bool.self)) }))
        }
        #expect(back == text)
        #expect(list == [text, text])
        #expect(same)
    }

    @Test func `JSON columns take both kinds of JSON`() async throws {
        let (json, jsonb) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.withTransaction { transaction in
                try await transaction.execute(
                    script: "CREATE TEMP TABLE t (j json, b jsonb) ON COMMIT DROP", name: "test.table")
                try await transaction.run(
                    Statement<Void>(
                        effect: "test.insert",
                        "INSERT INTO t VALUES (\(JSONText(utf8: Array("[1]".utf8))), \(JSONValue(["a": 1])))"))
                return try await transaction.run(
                    Statement(
                        "test.json", "SELECT j, b FROM t",
                        one: { try ($0.next(VerbatimJSON.self), $0.next(JSONValue<[String: Int]>.self)) }))
            }
        }
        #expect(json.utf8 == Array("[1]".utf8))
        #expect(jsonb.value == ["a": 1])
    }
}

extension VerbatimJSON {
    fileprivate var text: String { String(decoding: utf8, as: UTF8.self) }
}
