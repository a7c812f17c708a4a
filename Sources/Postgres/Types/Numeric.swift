public import FoundationEssentials

/// `numeric`, exactly, NaN too.
///
/// What `Decimal` cannot hold does not decode: an infinity, more digits than 128 bits have room for (38, some of 39), a
/// last digit that is not zero more than 128 places behind the point or 127 before it. Zeros that PostgreSQL shows at
/// the end (the display scale) are not kept: `12.50` is the `Decimal` 12.5.
///
/// The binary form: how many base-10,000 digits, the weight of the first (its power of 10,000), sign and display scale,
/// all in 16 bits, then the digits likewise. (PostgreSQL 15, `numeric_send` in src/backend/utils/adt/numeric.c.)
extension Decimal: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .numeric }
    public static var postgresArrayType: PostgresType { .numericArray }

    private static let negativeSign: UInt16 = 0x4000
    private static let nanSign: UInt16 = 0xC000

    public func encode(into bytes: inout [UInt8]) {
        guard !isNaN else { return Self.appendHeader(count: 0, weight: 0, sign: Self.nanSign, scale: 0, to: &bytes) }
        // The text is the only public way to a Decimal's digits. It never has an exponent. Zeros at the ends do not
        // matter to the server.
        let text = description.utf8
        let signs = isSignMinus ? 1 : 0
        let whole = text.prefix { $0 != UInt8(ascii: ".") }.count - signs
        let scale = max(0, text.count - signs - whole - 1)
        let wholeDigits = (whole + 3) / 4
        Self.appendHeader(
            count: wholeDigits + (scale + 3) / 4, weight: wholeDigits - 1, sign: isSignMinus ? Self.negativeSign : 0,
            scale: scale, to: &bytes)
        var digit: Int16 = 0
        var places = wholeDigits * 4 - whole
        for byte in text where byte >= UInt8(ascii: "0") {
            digit = digit * 10 + Int16(byte - UInt8(ascii: "0"))
            places += 1
            if places == 4 {
                bytes.appendBigEndian(digit)
                (digit, places) = (0, 0)
            }
        }
        guard places > 0 else { return }
        for _ in places..<4 { digit *= 10 }
        bytes.appendBigEndian(digit)
    }

    private static func appendHeader(count: Int, weight: Int, sign: UInt16, scale: Int, to bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int16(count))
        bytes.appendBigEndian(Int16(weight))
        bytes.appendBigEndian(sign)
        bytes.appendBigEndian(Int16(scale))
    }

    public static func accepts(_ type: PostgresType) -> Bool { type == .numeric }

    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Decimal? {
        guard let count = bytes.bigEndian(UInt16.self), let weight = bytes.bigEndian(Int16.self, at: 2),
            let sign = bytes.bigEndian(UInt16.self, at: 4), bytes.count == 8 + 2 * Int(count)
        else { return nil }
        if sign == nanSign { return count == 0 ? .nan : nil }
        guard sign == 0 || sign == negativeSign else { return nil }

        var end = Int(count)
        while end > 0, bytes.bigEndian(UInt16.self, at: 6 + 2 * end) == 0 { end -= 1 }
        var mantissa: UInt128 = 0
        var exponent = 4 * (Int(weight) - end + 1)
        for position in 0..<end {
            guard var digit = bytes.bigEndian(UInt16.self, at: 8 + 2 * position), digit < 10_000 else { return nil }
            var factor: UInt128 = 10_000
            if position == end - 1 {
                // A Decimal may have no room for the zeros that fill up the last digit.
                while digit % 10 == 0 { (digit, factor, exponent) = (digit / 10, factor / 10, exponent + 1) }
            }
            let (product, tooLarge) = mantissa.multipliedReportingOverflow(by: factor)
            let (sum, tooLargeWithDigit) = product.addingReportingOverflow(UInt128(digit))
            guard !tooLarge, !tooLargeWithDigit else { return nil }
            mantissa = sum
        }
        guard mantissa > 0 else { return 0 }
        guard (-128...127).contains(exponent) else { return nil }
        return Decimal(sign: sign == 0 ? .plus : .minus, exponent: exponent, significand: Decimal(mantissa))
    }

    /// Every number of 128 bits has room in a `Decimal`'s mantissa, so neither operation rounds.
    private init(_ mantissa: UInt128) {
        let low = Decimal(UInt64(truncatingIfNeeded: mantissa))
        let high = UInt64(mantissa >> 64)
        self = high == 0 ? low : Decimal(high) * (Decimal(UInt64.max) + 1) + low
    }
}
