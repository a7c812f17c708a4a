public import FoundationEssentials

/// A type that PostgreSQL has ranges of.
public protocol PostgresRangeBound: PostgresEncodable, PostgresDecodable {
    /// The type of a range of such values.
    static var postgresRangeType: PostgresType { get }
    /// The type of an array of such ranges.
    static var postgresRangeArrayType: PostgresType { get }
}

/// A range of PostgreSQL: `tstzrange` of `Date`, `daterange` of ``LocalDate``, `numrange` of `Decimal`, `int8range` and
/// `int4range` of integers.
///
/// Two are equal when they are written alike. The server writes ranges of days and of integers as `[lower,upper)`, and
/// one without a value as `empty`. It refuses a lower bound above the upper one (`data_exception`). The bounds
/// `infinity` and `-infinity`, which are not the same as none, decode no more than they do alone.
public enum PostgresRange<Bound> {
    /// The range without a value.
    case empty
    /// From a lower to an upper end.
    case between(Limit, Limit)

    /// One end of a range.
    public enum Limit {
        case unbounded
        case inclusive(Bound)
        case exclusive(Bound)
    }
}

extension PostgresRange where Bound: Comparable {
    /// `[lower,upper)`, or ``empty``.
    public init(_ range: Range<Bound>) {
        self = range.isEmpty ? .empty : .between(.inclusive(range.lowerBound), .exclusive(range.upperBound))
    }

    /// `[lower,upper]`.
    public init(_ range: ClosedRange<Bound>) {
        self = .between(.inclusive(range.lowerBound), .inclusive(range.upperBound))
    }
}

extension PostgresRange: Sendable where Bound: Sendable {}
extension PostgresRange: Equatable where Bound: Equatable {}
extension PostgresRange: Hashable where Bound: Hashable {}
extension PostgresRange.Limit: Sendable where Bound: Sendable {}
extension PostgresRange.Limit: Equatable where Bound: Equatable {}
extension PostgresRange.Limit: Hashable where Bound: Hashable {}

/// The flags that begin a range's binary form; the bounds that there are follow with their lengths, the lower one
/// first. (PostgreSQL 15, src/include/utils/rangetypes.h and `range_send` in src/backend/utils/adt/rangetypes.c.)
private struct RangeFlags: OptionSet {
    let rawValue: UInt8
    static let empty = RangeFlags(rawValue: 0x01)
    static let lowerInclusive = RangeFlags(rawValue: 0x02)
    static let upperInclusive = RangeFlags(rawValue: 0x04)
    static let lowerUnbounded = RangeFlags(rawValue: 0x08)
    static let upperUnbounded = RangeFlags(rawValue: 0x10)
}

extension PostgresRange: PostgresEncodable, PostgresDecodable where Bound: PostgresRangeBound {
    public static var postgresType: PostgresType { Bound.postgresRangeType }
    public static var postgresArrayType: PostgresType { Bound.postgresRangeArrayType }

    public func encode(into bytes: inout [UInt8]) {
        guard case .between(let lower, let upper) = self else { return bytes.append(RangeFlags.empty.rawValue) }
        let flags = lower.flags(inclusive: .lowerInclusive, unbounded: .lowerUnbounded)
            .union(upper.flags(inclusive: .upperInclusive, unbounded: .upperUnbounded))
        bytes.append(flags.rawValue)
        lower.bound?.encodeWithLength(into: &bytes)
        upper.bound?.encodeWithLength(into: &bytes)
    }

    public static func accepts(_ type: PostgresType) -> Bool { type.rangeBound.map(Bound.accepts) ?? false }

    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> PostgresRange? {
        guard let flags = bytes.first.map(RangeFlags.init), let bound = type.rangeBound else { return nil }
        if flags.contains(.empty) { return bytes.count == 1 ? .empty : nil }
        var offset = 1
        func limit(inclusive: RangeFlags, unbounded: RangeFlags) -> Limit? {
            if flags.contains(unbounded) { return .unbounded }
            guard case .value(let value) = bytes.lengthAndValue(at: &offset),
                let bound = Bound.decode(value, as: bound)
            else { return nil }
            return flags.contains(inclusive) ? .inclusive(bound) : .exclusive(bound)
        }
        guard let lower = limit(inclusive: .lowerInclusive, unbounded: .lowerUnbounded),
            let upper = limit(inclusive: .upperInclusive, unbounded: .upperUnbounded), offset == bytes.count
        else { return nil }
        return .between(lower, upper)
    }
}

extension PostgresRange.Limit {
    fileprivate var bound: Bound? {
        switch self {
        case .unbounded: nil
        case .inclusive(let bound), .exclusive(let bound): bound
        }
    }

    fileprivate func flags(inclusive: RangeFlags, unbounded: RangeFlags) -> RangeFlags {
        switch self {
        case .unbounded: unbounded
        case .inclusive: inclusive
        case .exclusive: []
        }
    }
}

extension Date: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .tstzrange }
    public static var postgresRangeArrayType: PostgresType { .tstzrangeArray }
}

extension LocalDate: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .daterange }
    public static var postgresRangeArrayType: PostgresType { .daterangeArray }
}

extension Decimal: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .numrange }
    public static var postgresRangeArrayType: PostgresType { .numrangeArray }
}

extension Int: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .int8range }
    public static var postgresRangeArrayType: PostgresType { .int8rangeArray }
}

extension Int64: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .int8range }
    public static var postgresRangeArrayType: PostgresType { .int8rangeArray }
}

extension Int32: PostgresRangeBound {
    public static var postgresRangeType: PostgresType { .int4range }
    public static var postgresRangeArrayType: PostgresType { .int4rangeArray }
}
