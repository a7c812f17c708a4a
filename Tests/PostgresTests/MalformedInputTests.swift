import Foundation
import TestSupport
import Testing

@testable import Postgres

@Suite struct MalformedInputTests {
    private enum Mood: String, PostgresEnum, Equatable { case sad, happy }

    /// Numbers that lengths and counts break on.
    private static let extremes: [Int32] = [.min, -2, -1, 0, 1, 4, 8, 1 << 24, .max - 3, .max]

    /// Damages the bytes: ends them early, puts an extreme number or a random byte somewhere, appends to them.
    private func damaged(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(place...)
            case 1 where place < bytes.count: bytes[place] = .random(in: .min ... .max, using: &random)
            case 2 where place < bytes.count: bytes.remove(at: place)
            case 3: bytes.append(.random(in: .min ... .max, using: &random))
            default:
                var extreme: [UInt8] = []
                extreme.appendBigEndian(Self.extremes.randomElement(using: &random) ?? 0)
                bytes.replaceSubrange(place..<min(place + 4, bytes.count), with: extreme)
            }
        }
        return bytes
    }

    /// Decodes damaged and random bytes. What decodes nevertheless must, encoded again, be the same value.
    private func survives<Value: PostgresCodable & Equatable>(
        _ seeds: [Value], as types: [PostgresType]? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var random = SplitMix64(seed: 4)
        for round in 0..<4000 {
            let bytes =
                if round % 4 > 0, let seed = seeds.randomElement(using: &random) {
                    damaged(encoded(seed), &random)
                } else {
                    (0..<Int.random(in: 0...40, using: &random)).map { _ in
                        // Many zeros, as in the headers of arrays.
                        Bool.random(using: &random) ? UInt8.random(in: .min ... .max, using: &random) : 0
                    }
                }
            for type in types ?? [Value.postgresType] {
                guard let value: Value = decoded(bytes, as: type) else { continue }
                let again: Value? = decoded(encoded(value), as: Value.postgresType)
                #expect(again == value, "\(bytes) as \(type)", sourceLocation: sourceLocation)
            }
        }
        for seed in seeds {
            let bytes = encoded(seed)
            for length in 0..<bytes.count {
                for type in types ?? [Value.postgresType] {
                    _ = decoded(Array(bytes[..<length]), as: type) as Value?
                }
            }
        }
    }

    /// The values, their arrays, and arrays with NULLs.
    private func surviveAlsoInArrays<Value: PostgresCodable & Equatable>(
        _ seeds: [Value], as types: [PostgresType]? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        survives(seeds, as: types, sourceLocation: sourceLocation)
        survives([seeds, []], sourceLocation: sourceLocation)
        survives([NullableArray([nil] + seeds), NullableArray(seeds + [nil, nil])], sourceLocation: sourceLocation)
    }

    @Test func `no bytes make a decoder crash or read past them`() {
        surviveAlsoInArrays([true, false])
        surviveAlsoInArrays([0, -1, Int.max], as: [.int2, .int4, .int8])
        surviveAlsoInArrays([Int64.min], as: [.int2, .int4, .int8])
        surviveAlsoInArrays([Int32.min, 7], as: [.int2, .int4, .int8])
        surviveAlsoInArrays([Int16.min, 7], as: [.int2, .int4, .int8])
        surviveAlsoInArrays(["", "a", "سلام"], as: [.text, .varchar, .name, .bpchar, .unknown])
        surviveAlsoInArrays([Bytes([]), Bytes([1, 2, 3])])
        surviveAlsoInArrays([UUID()])
        surviveAlsoInArrays([LocalDate(daysSince2000: 0), LocalDate(daysSince2000: -9000)])
        surviveAlsoInArrays([Interval(), Interval(months: 1, days: -1, microseconds: .max)])
        surviveAlsoInArrays([
            Decimal(0), Decimal(-12_345) / 100, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ])
        surviveAlsoInArrays([JSONText(utf8: [0x31])], as: [.json, .jsonb])
        surviveAlsoInArrays([VerbatimJSON(utf8: [0x31])])
        surviveAlsoInArrays([
            PostgresRange<LocalDate>.empty, PostgresRange(LocalDate(daysSince2000: 0)...LocalDate(daysSince2000: 1)),
        ])
        surviveAlsoInArrays([PostgresRange<Int>.empty, PostgresRange(0..<9), .between(.unbounded, .exclusive(1))])
        surviveAlsoInArrays([PostgresRange<Decimal>.empty, PostgresRange(Decimal(0)...Decimal(1) / 3)])
    }

    @Test func `no bytes make a decoder of doubles, dates, JSON or enumerations crash`() {
        // Compared by their bytes: a NaN is not equal to itself, and a far Date is coarser than the server's.
        surviveAlsoInArrays([Exactly(0.5), Exactly(-.infinity), Exactly(Double.nan)], as: [.float8])
        surviveAlsoInArrays([Exactly(Float(0.5)), Exactly(.nan)])
        survives([Mood.sad, .happy], as: [.text, PostgresType(oid: 16_999)])
        var random = SplitMix64(seed: 5)
        let date = Date(timeIntervalSinceReferenceDate: 0.5)
        for _ in 0..<4000 {
            let dates = damaged(encoded([date, date]), &random)
            _ = decoded(dates, as: .timestamptzArray) as [Date]?
            _ = decoded(damaged(encoded(date), &random), as: .timestamptz) as Date?
            let range = damaged(encoded(PostgresRange(date...date)), &random)
            _ = decoded(range, as: .tstzrange) as PostgresRange<Date>?
            _ = decoded(range, as: .int4) as PostgresRange<Date>?
            _ =
                decoded(damaged(encoded([PostgresRange(date...date)]), &random), as: .tstzrangeArray)
                as [PostgresRange<Date>]?
            let json = damaged([1] + Array("[1, 2]".utf8), &random)
            _ = decoded(json, as: .jsonb) as JSONValue<[Int]>?
            _ = decoded(json, as: .json) as JSONValue<[Int]>?
            let moods = damaged(encoded(["sad", "happy"]), &random)
            _ = decoded(moods, as: PostgresType(oid: 16_999)) as [Mood]?
            _ = decoded(moods, as: PostgresType(oid: 16_999)) as Mood?
            _ = decoded(moods, as: .textArray) as [[Mood]]?
        }
    }

    @Test func `a false count of elements reserves no memory`() {
        var bytes: [UInt8] = []
        for number: Int32 in [1, 0, 20, .max, 1] { bytes.appendBigEndian(number) }
        #expect(decoded(bytes, as: .int8Array) as [Int]? == nil)
        #expect(decoded(bytes, as: .int8Array) as NullableArray<Int>? == nil)
    }

    @Test func `a numeric's digit is below 10,000, and its count that of the digits`() {
        func numeric(_ count: Int16, _ weight: Int16, _ sign: UInt16, _ digits: [Int16]) -> Decimal? {
            var bytes: [UInt8] = []
            bytes.appendBigEndian(count)
            bytes.appendBigEndian(weight)
            bytes.appendBigEndian(sign)
            bytes.appendBigEndian(Int16(0))
            for digit in digits { bytes.appendBigEndian(digit) }
            return decoded(bytes, as: .numeric)
        }
        #expect(numeric(1, 0, 0, [9999]) == 9999)
        #expect(numeric(1, 0, 0, [10_000]) == nil)
        #expect(numeric(1, 0, 0, [-1]) == nil)
        #expect(numeric(2, 0, 0, [1]) == nil)
        #expect(numeric(-1, 0, 0, []) == nil)
        #expect(numeric(1, 0, 0, [1, 1]) == nil)
        #expect(numeric(1, 0, 0x8000, [1]) == nil)
        #expect(numeric(0, .max, 0, []) == 0)
        #expect(numeric(1, .max, 0, [1]) == nil)
        #expect(numeric(1, .min, 0, [1]) == nil)
        #expect(numeric(3, 0, 0x4000, [0, 1, 0]) == Decimal(string: "-0.0001"))
    }
}

/// A value that is equal to those with the same binary form.
private struct Exactly<Value: PostgresCodable & Sendable>: PostgresCodable, Equatable {
    let value: Value
    init(_ value: Value) { self.value = value }

    static var postgresType: PostgresType { Value.postgresType }
    static var postgresArrayType: PostgresType { Value.postgresArrayType }
    func encode(into bytes: inout [UInt8]) { value.encode(into: &bytes) }
    static func accepts(_ type: PostgresType) -> Bool { Value.accepts(type) }
    static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Exactly? {
        Value.decode(bytes, as: type).map(Exactly.init)
    }
    static func == (left: Exactly, right: Exactly) -> Bool { encoded(left) == encoded(right) }
}
