import TestSupport
import Testing

@testable import Postgres

@Suite struct IntervalTests {
    @Test func `intervals round trip`() async throws {
        try await roundTrip([
            Case(Interval(), "interval '0'"),
            Case(Interval(months: 14, days: -3, microseconds: 4_500_000), "interval '1 year 2 mons -3 days 4.5 s'"),
            Case(
                Interval(months: .max, days: .min), "make_interval(months => 2147483647, days => -2147483648)"),
            Case(Interval(microseconds: .max), "interval '9223372036854775807 microseconds'"),
        ])
        try await roundTrip([Case([Interval(days: 1), Interval(months: -1)], "ARRAY[interval '1 day', '-1 month']")])
    }

    @Test func `months, days and microseconds stay apart`() async throws {
        let (month, day) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.run(
                Statement(
                    "test.interval", "SELECT interval '1 month', interval '24 hours'",
                    one: { try ($0.next(Interval.self), $0.next(Interval.self)) }))
        }
        #expect(month == Interval(months: 1))
        #expect(day == Interval(microseconds: 86_400_000_000))
    }

    @Test func `a duration of whole microseconds is an interval, and back`() {
        let duration = Duration.seconds(-90) - .microseconds(7)
        #expect(Interval(exactly: duration) == Interval(microseconds: -90_000_007))
        #expect(Duration(exactly: Interval(microseconds: -90_000_007)) == duration)
        #expect(Interval(exactly: .microseconds(Int64.max)) == Interval(microseconds: .max))
        #expect(Duration(exactly: Interval(microseconds: .min)) == .microseconds(Int64.min))
    }

    @Test func `what is not exact does not convert`() {
        #expect(Interval(exactly: .nanoseconds(1)) == nil)
        #expect(Interval(exactly: .microseconds(Int64.max) + .microseconds(1)) == nil)
        #expect(Interval(exactly: .seconds(Int64.min)) == nil)
        #expect(Duration(exactly: Interval(days: 1)) == nil)
        #expect(Duration(exactly: Interval(months: -1, microseconds: 1)) == nil)
    }

    @Test func `the description is the server's ISO 8601, which reads it as the same interval`() async throws {
        var random = SplitMix64(seed: 3)
        func part<Number: FixedWidthInteger & SignedInteger>(_ limit: Number) -> Number {
            Bool.random(using: &random) ? 0 : Number.random(in: -limit...limit, using: &random)
        }
        let intervals =
            [
                Interval(), Interval(microseconds: -1), Interval(microseconds: 100_000), Interval(microseconds: .max),
                Interval(months: -14, days: 3, microseconds: -3_661_000_000), Interval(days: .min),
                Interval(months: .min), Interval(microseconds: 60_000_000), Interval(days: 1, microseconds: -500_000),
            ]
            + (0..<300).map { number in
                let unit: Int64 = [1, 10, 1000, 1_000_000][number % 4]
                return Interval(months: part(100), days: part(100), microseconds: part(100_000) * unit)
            }
        let descriptions = intervals.map(\.description)
        let (texts, back) = try await Connection.with(TestServer.configuration()) { connection in
            try await connection.withTransaction { transaction in
                try await transaction.execute(script: "SET LOCAL IntervalStyle = iso_8601", name: "test.style")
                return try await transaction.run(
                    Statement(
                        "test.interval", "SELECT \(intervals)::text[], \(descriptions)::interval[]",
                        one: { try ($0.next([String].self), $0.next([Interval].self)) }))
            }
        }
        #expect(texts == descriptions)
        #expect(back == intervals)
        #expect(Interval(months: 14, days: -3, microseconds: 4_500_000).description == "P1Y2M-3DT4.5S")
    }
}
