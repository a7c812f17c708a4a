import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct ArrayTests {
    @Test func `arrays round trip, empty ones too`() async throws {
        try await roundTrip([Case([Int](), "'{}'::int8[]"), Case([1, -2], "'{1,-2}'::int8[]")])
        try await roundTrip([Case(["", "a,b", "\"{}"], "ARRAY['', 'a,b', '\"{}']")])
        try await roundTrip([Case([true, false], "ARRAY[true, false]"), Case([], "'{}'::bool[]")])
        try await roundTrip([Case([Decimal(1), Decimal(string: "-0.5") ?? 0], "ARRAY[1, -0.5]")])
        try await roundTrip([Case([Date(timeIntervalSince1970: 0)], "ARRAY['1970-01-01Z'::timestamptz]")])
        try await roundTrip([Case([Int16(1)], "ARRAY[1::int2]")])
        try await roundTrip([Case([Int32(1)], "ARRAY[1]")])
        try await roundTrip([Case([0.5], "ARRAY[0.5::float8]")])
        try await roundTrip([Case([Float(0.5)], "ARRAY[0.5::float4]")])
        try await roundTrip([Case([Bytes([1]), Bytes([])], "ARRAY['\\x01'::bytea, ''::bytea]")])
        try await roundTrip([Case([LocalDate(daysSince2000: 1)], "ARRAY['2000-01-02'::date]")])
        try await roundTrip([Case([JSONText(utf8: Array("[1]".utf8))], "ARRAY['[1]'::jsonb]")])
        let ids = [UUID(), UUID()]
        try await roundTrip([Case(ids, "ARRAY[\(ids[0]), \(ids[1])]")])
    }

    @Test func `arrays with NULLs round trip`() async throws {
        try await roundTrip([
            Case(NullableArray([1, nil, nil]), "ARRAY[1, NULL, NULL]::int8[]"), Case(NullableArray([]), "'{}'::int8[]"),
        ])
        try await roundTrip([Case(NullableArray<String>([nil, "", "NULL"]), "ARRAY[NULL, '', 'NULL']")])
        try await roundTrip([Case(NullableArray([Interval(days: 1), nil]), "ARRAY[interval '1 day', NULL]")])
        try await roundTrip([Case(NullableArray<UUID>([nil]), "ARRAY[NULL]::uuid[]")])
    }

    @Test func `an array with NULLs does not read as one without`() async throws {
        #expect(
            try await misreading("SELECT ARRAY[1, NULL] AS a", as: [Int].self)
                == .decoding(column: "a", expected: "Array<Int>", found: "int4[] with another value"))
    }

    @Test func `an array of texts of every kind reads as strings`() async throws {
        let texts = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.texts", "SELECT ARRAY['a']::name[], ARRAY['b']::varchar[], ARRAY['c']::char(2)[]",
                    one: { try $0.next([String].self) + $0.next([String].self) + $0.next([String].self) }))
        }
        #expect(texts == ["a", "b", "c "])
    }

    @Test func `the number of an array's first element does not matter`() async throws {
        let numbers = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.bounds", "SELECT '[0:1]={1,2}'::int4[], '[-5:-4]={3,NULL}'::int4[]",
                    one: { try $0.next([Int].self).map(Optional.some) + $0.next(NullableArray<Int>.self).elements }))
        }
        #expect(numbers == [1, 2, 3, nil])
    }

    @Test func `an array of several dimensions is an error`() async throws {
        let sql: SQL = "SELECT '{{1,2},{3,4}}'::int4[] AS a"
        #expect(
            try await misreading(sql, as: [Int].self)
                == .decoding(column: "a", expected: "Array<Int>", found: "int4[] with another value"))
        #expect(
            try await misreading(sql, as: NullableArray<Int>.self)
                == .decoding(column: "a", expected: "NullableArray<Int>", found: "int4[] with another value"))
        #expect(
            try await misreading(sql, as: [[Int]].self)
                == .decoding(column: "a", expected: "Array<Array<Int>>", found: "int4[]"))
    }
}
