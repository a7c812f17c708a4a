import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct DateTests {
    @Test func `every microsecond from 1731 to 2269 round trips exactly`() async throws {
        var random = SplitMix64(seed: 2)
        let range = -8_488_800_000_000_000..<8_520_422_400_000_000  // since 2000
        let microseconds = (0..<20_000).map { _ in Int.random(in: range, using: &random) }
        let dates = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.dates",
                    """
                    SELECT array_agg('2000-01-01Z'::timestamptz + m * interval '1 microsecond' ORDER BY n)
                    FROM unnest(\(microseconds)) WITH ORDINALITY AS t (m, n)
                    """, one: { try $0.next([Date].self) }))
        }
        try #require(dates.count == microseconds.count)
        let different = zip(dates, microseconds).filter { encoded($0) != encoded($1) }
        #expect(different.isEmpty, "\(different.prefix(5))")
    }

    @Test func `a date is rounded to the nearest microsecond`() {
        let second = Date(timeIntervalSinceReferenceDate: -31_622_400)
        #expect(encoded(second) == encoded(0))
        #expect(encoded(second + 0.000_000_4) == encoded(0))
        #expect(encoded(second + 0.000_000_6) == encoded(1))
        #expect(encoded(second - 0.000_000_6) == encoded(-1))
        #expect(encoded(second + 0.999_999_7) == encoded(1_000_000))
    }

    @Test func `far dates round trip`() async throws {
        try await roundTrip([
            Case(Date(timeIntervalSince1970: 0), "'1970-01-01Z'::timestamptz"),
            Case(Date.distantPast, "to_timestamp(-62135769600)"),
            Case(Date.distantFuture, "'4001-01-01Z'::timestamptz"),
            Case(Date(timeIntervalSince1970: -210_866_803_200), "'4714-11-24 00:00:00Z BC'::timestamptz"),
            Case(Date(timeIntervalSince1970: 9_222_300_000_000), "to_timestamp(9222300000000)"),
        ])
    }

    @Test func `an infinite time or day is an error and not a far one`() async throws {
        for text in ["infinity", "-infinity"] {
            #expect(
                try await misreading("SELECT \(text)::timestamptz AS at", as: Date.self)
                    == .decoding(column: "at", expected: "Date", found: "timestamptz with another value"))
            #expect(
                try await misreading("SELECT \(text)::date AS day", as: LocalDate.self)
                    == .decoding(column: "day", expected: "LocalDate", found: "date with another value"))
        }
    }

    @Test func `a day is written with a sign where its year has no four digits`() {
        func written(_ days: Int32) -> String { LocalDate(daysSince2000: days).description }
        #expect(LocalDate("0001-01-01")?.daysSince2000 == -730_119)
        #expect(written(-730_120) == "0000-12-31")
        #expect(written(-730_120 - 366) == "-0001-12-31")
        #expect(LocalDate("9999-12-31")?.daysSince2000 == 2_921_939)
        #expect(written(2_921_940) == "+10000-01-01")
    }

    @Test func `the server refuses a date that it cannot hold`() async throws {
        func refusal<Value: PostgresEncodable & Sendable>(_ value: Value) async throws -> SQLState? {
            try await failure {
                try await Connection.with(TestServer.configuration()) { connection in
                    try await connection.run(Statement<Void>(effect: "test.date", "SELECT \(value)"))
                }
            }.state
        }
        for seconds in [9.3e12, -9.3e12, 1e300, -1e300, .infinity, -.infinity, .nan] {
            let date = Date(timeIntervalSinceReferenceDate: seconds)
            #expect(try await refusal(date) == .datetimeFieldOverflow, "\(seconds)")
        }
        for days in [Int32.max, .min] {
            #expect(try await refusal(LocalDate(daysSince2000: days)) == .datetimeFieldOverflow, "\(days)")
        }
    }
}
