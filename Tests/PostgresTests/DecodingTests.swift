import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct DecodingTests {
    /// One column of each type, which is its name.
    private static let columns: SQL = """
        SELECT true AS bool, 1::int2 AS int2, 1 AS int4, 1::int8 AS int8, 0.5::float4 AS float4, 0.5::float8 AS float8,
            0.5 AS numeric, 'a'::text AS text, 'a'::varchar AS varchar, 'a'::bpchar AS bpchar, 'a'::name AS name,
            ''::bytea AS bytea, '[]'::json AS json, '[]'::jsonb AS jsonb, gen_random_uuid() AS uuid,
            now() AS timestamptz, now()::timestamp AS timestamp, now()::date AS date, now()::time AS time,
            interval '1' AS interval, 'empty'::tstzrange AS tstzrange, 'empty'::daterange AS daterange,
            'empty'::numrange AS numrange, 'empty'::int8range AS int8range, 'empty'::int4range AS int4range,
            'empty'::tsrange AS tsrange, 1::oid AS oid, '(0,1)'::tid AS tid, '{true}'::bool[] AS "bool[]", '{1}'::int2[] AS "int2[]",
            '{1}'::int4[] AS "int4[]", '{1}'::int8[] AS "int8[]", '{a}'::text[] AS "text[]", '{a}'::name[] AS "name[]",
            ARRAY[interval '1'] AS "interval[]", '{empty}'::tstzrange[] AS "tstzrange[]",
            '{1}'::numeric[] AS "numeric[]", '{0.5}'::float4[] AS "float4[]", ARRAY['[]'::json] AS "json[]"
        """

    private struct Reading: Equatable {
        let column: String
        let expected: String
        let found: String
    }

    /// Reads every column as `Value`; gives the columns that it read, and the errors of the others.
    private func read<Value: PostgresDecodable & Sendable>(_ type: Value.Type) async throws -> ([Int], [Reading]) {
        try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.columns", Self.columns,
                    one: { row in
                        var (read, errors): ([Int], [Reading]) = ([], [])
                        for column in 0..<39 {
                            do {
                                _ = try row.next(Value.self)
                                read.append(column)
                            } catch let error as PostgresError {
                                guard case .decoding(let column, let expected, let found) = error.reason else {
                                    throw error
                                }
                                errors.append(Reading(column: column, expected: expected, found: found))
                            }
                        }
                        return (read, errors)
                    }))
        }
    }

    private func check<Value: PostgresDecodable & Sendable>(
        _ type: Value.Type, reads accepted: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (read, errors) = try await read(type)
        #expect(read.count == accepted.count && read.count + errors.count == 39, sourceLocation: sourceLocation)
        for error in errors {
            #expect(!accepted.contains(error.column), sourceLocation: sourceLocation)
            #expect(
                error == Reading(column: error.column, expected: "\(type)", found: error.column),
                sourceLocation: sourceLocation)
        }
    }

    @Test func `a column of another type is an error with its name, the expected and the found type`() async throws {
        try await check(Bool.self, reads: ["bool"])
        try await check(TupleIdentifier.self, reads: ["tid"])
        for type in [Int.self, Int64.self, Int32.self, Int16.self] as [any (PostgresDecodable & Sendable).Type] {
            try await check(type, reads: ["int2", "int4", "int8"])
        }
        try await check(Double.self, reads: ["float4", "float8"])
        try await check(Float.self, reads: ["float4"])
        try await check(Decimal.self, reads: ["numeric"])
        try await check(String.self, reads: ["text", "varchar", "bpchar", "name"])
        try await check(Bytes.self, reads: ["bytea"])
        try await check(UUID.self, reads: ["uuid"])
        try await check(Date.self, reads: ["timestamptz"])
        try await check(LocalDate.self, reads: ["date"])
        try await check(Interval.self, reads: ["interval"])
        try await check(JSONText.self, reads: ["json", "jsonb"])
        try await check(VerbatimJSON.self, reads: ["json"])
        try await check(JSONValue<[Int]>.self, reads: ["json", "jsonb"])
        try await check(PostgresRange<Date>.self, reads: ["tstzrange"])
        try await check(PostgresRange<LocalDate>.self, reads: ["daterange"])
        try await check(PostgresRange<Decimal>.self, reads: ["numrange"])
        try await check(PostgresRange<Int>.self, reads: ["int8range", "int4range"])
        try await check([Bool].self, reads: ["bool[]"])
        try await check([Int].self, reads: ["int2[]", "int4[]", "int8[]"])
        try await check([String].self, reads: ["text[]", "name[]"])
        try await check([PostgresRange<Date>].self, reads: ["tstzrange[]"])
        try await check(NullableArray<Double>.self, reads: ["float4[]"])
        try await check(NullableArray<JSONText>.self, reads: ["json[]"])
    }

    @Test func `NULL is an error unless it is asked for, and so is a column that is not there`() async throws {
        let found = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement("test.null", "SELECT NULL::interval", one: { try $0.nextIfPresent(Interval.self) }))
        }
        #expect(found == nil)
        #expect(
            try await misreading("SELECT NULL::interval AS i", as: Interval.self)
                == .decoding(column: "i", expected: "Interval", found: "NULL"))
        #expect(
            try await misreading("SELECT", as: Interval.self)
                == .decoding(column: "#1", expected: "Interval", found: "no such column"))
    }

    @Test func `an integer that is too large for its Swift type is an error`() async throws {
        #expect(
            try await misreading("SELECT 32768 AS n", as: Int16.self)
                == .decoding(column: "n", expected: "Int16", found: "int4 with another value"))
        #expect(
            try await misreading("SELECT -2147483649 AS n", as: Int32.self)
                == .decoding(column: "n", expected: "Int32", found: "int8 with another value"))
        #expect(
            try await misreading("SELECT '{1,32768}'::int8[] AS n", as: [Int16].self)
                == .decoding(column: "n", expected: "Array<Int16>", found: "int8[] with another value"))
    }

    @Test func `JSON of another shape is an error`() async throws {
        #expect(
            try await misreading("SELECT '{}'::jsonb AS j", as: JSONValue<[Int]>.self)
                == .decoding(column: "j", expected: "JSONValue<Array<Int>>", found: "jsonb with another value"))
    }

    @Test func `a text that is not UTF-8 does not decode`() {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0xF4, 0x90, 0x80, 0x80]] {
            #expect(decoded(bytes, as: .text) as String? == nil, "\(bytes)")
        }
        #expect(decoded([0xD8, 0xB3], as: .text) == "س")
    }

    @Test func `values of the wrong length do not decode`() {
        for length in [0, 1, 3, 5, 9, 15, 17] {
            let bytes = [UInt8](repeating: 0, count: length)
            #expect(decoded(bytes, as: .int8) as Int? == nil)
            #expect(decoded(bytes, as: .float8) as Double? == nil)
            #expect(decoded(bytes, as: .float4) as Float? == nil)
            #expect(decoded(bytes, as: .timestamptz) as Date? == nil)
            #expect(decoded(bytes, as: .date) as LocalDate? == nil)
            #expect(decoded(bytes, as: .uuid) as UUID? == nil)
            #expect(decoded(bytes, as: .interval) as Interval? == nil)
            #expect(decoded(bytes, as: .numeric) as Decimal? == nil)
        }
        #expect(decoded([2], as: .bool) as Bool? == nil)
        #expect(decoded([0, 0], as: .bool) as Bool? == nil)
    }
}
