import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct RangeTests {
    private let start = Date(timeIntervalSince1970: 0)
    private let end = Date(timeIntervalSince1970: 86_400.5)

    @Test func `ranges of times round trip with every kind of bounds`() async throws {
        try await roundTrip([
            Case(PostgresRange<Date>.empty, "'empty'::tstzrange"),
            Case(PostgresRange(start..<end), "tstzrange('1970-01-01Z', '1970-01-02 00:00:00.5Z')"),
            Case(PostgresRange(start...end), "tstzrange('1970-01-01Z', '1970-01-02 00:00:00.5Z', '[]')"),
            Case(.between(.exclusive(start), .exclusive(end)), "'(1970-01-01Z,1970-01-02 00:00:00.5Z)'::tstzrange"),
            Case(.between(.exclusive(start), .inclusive(end)), "'(1970-01-01Z,1970-01-02 00:00:00.5Z]'::tstzrange"),
            Case(.between(.unbounded, .inclusive(end)), "tstzrange(NULL, '1970-01-02 00:00:00.5Z', '[]')"),
            Case(.between(.inclusive(start), .unbounded), "tstzrange('1970-01-01Z', NULL)"),
            Case(.between(.unbounded, .unbounded), "tstzrange(NULL, NULL)"),
        ])
        #expect(PostgresRange(start..<start) == .empty)
    }

    @Test func `ranges of days, integers and decimals round trip`() async throws {
        let day = LocalDate(daysSince2000: 0)
        try await roundTrip([
            Case(PostgresRange(day..<LocalDate(daysSince2000: 31)), "daterange('2000-01-01', '2000-02-01')")
        ])
        try await roundTrip([Case(PostgresRange(-1..<Int.max), "int8range(-1, 9223372036854775807)")])
        try await roundTrip([Case(PostgresRange(Int64.min..<0), "int8range(-9223372036854775808, 0)")])
        try await roundTrip([Case(PostgresRange(Int32(1)..<3), "int4range(1, 3)")])
        try await roundTrip([Case(PostgresRange(Decimal(-1)...Decimal(15) / 10), "numrange(-1, 1.5, '[]')")])
    }

    @Test func `the server writes a range of days or integers without its last one`() async throws {
        let (days, numbers) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.canonical", "SELECT '(2000-01-01,2000-01-03]'::daterange, '[1,3]'::int4range",
                    one: { try ($0.next(PostgresRange<LocalDate>.self), $0.next(PostgresRange<Int>.self)) }))
        }
        #expect(days == PostgresRange(LocalDate(daysSince2000: 1)..<LocalDate(daysSince2000: 3)))
        #expect(numbers == PostgresRange(1..<4))
    }

    @Test func `arrays of ranges round trip, with NULLs too`() async throws {
        let range = PostgresRange(start..<end)
        let literal: SQL = "tstzrange('1970-01-01Z', '1970-01-02 00:00:00.5Z')"
        try await roundTrip([Case([range, .empty], "ARRAY[\(literal), 'empty']")])
        try await roundTrip([Case(NullableArray([nil, range]), "ARRAY[NULL, \(literal)]")])
        try await roundTrip([Case([PostgresRange(1..<2)], "ARRAY[int8range(1, 2)]")])
        try await roundTrip([Case([PostgresRange(Int32(1)..<2)], "ARRAY[int4range(1, 2)]")])
        try await roundTrip([Case([PostgresRange(Decimal(1)..<2)], "ARRAY[numrange(1, 2)]")])
        try await roundTrip([Case([PostgresRange<LocalDate>.empty], "ARRAY['empty'::daterange]")])
    }

    @Test func `an infinite bound is an error and not none`() async throws {
        #expect(
            try await misreading("SELECT tstzrange('1970-01-01', 'infinity') AS v", as: PostgresRange<Date>.self)
                == .decoding(column: "v", expected: "PostgresRange<Date>", found: "tstzrange with another value"))
    }

    @Test func `the server refuses a lower bound above the upper one`() async throws {
        let range = PostgresRange.between(.inclusive(end), .exclusive(start))
        let error = try await failure {
            try await Connection.with(TestServer.configuration()) { connection in
                try await connection.run(Statement<Void>(effect: "test.range", "SELECT \(range)"))
            }
        }
        #expect(error.state == .dataException)
    }
}
