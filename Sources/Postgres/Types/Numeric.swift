public import FoundationEssentials

/// `numeric`, exactly. A number with more digits than `Decimal` holds (38), NaN and infinities do not decode.
extension Decimal: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .numeric }
    public static var postgresArrayType: PostgresType { .numericArray }

    /// Binary form: counts of base-10,000 digits, weight of the first, sign, display scale, digits.
    public func encode(into bytes: inout [UInt8]) {
        guard !isNaN else {
            bytes.append(contentsOf: [0, 0, 0, 0, 0xC0, 0, 0, 0])
            return
        }
        var text = Substring(description)
        let negative = text.first == "-"
        if negative { text = text.dropFirst() }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        var whole = String(parts[0])
        var fraction = parts.count > 1 ? String(parts[1]) : ""
        let scale = fraction.count
        whole = String(repeating: "0", count: (4 - whole.count % 4) % 4) + whole
        fraction += String(repeating: "0", count: (4 - fraction.count % 4) % 4)
        let ascii = Array((whole + fraction).utf8)
        var digits = stride(from: 0, to: ascii.count, by: 4).map { start in
            ascii[start..<start + 4].reduce(Int16(0)) { $0 * 10 + Int16($1 - 0x30) }
        }
        var weight = whole.count / 4 - 1
        while digits.first == 0 {
            digits.removeFirst()
            weight -= 1
        }
        while digits.last == 0 { digits.removeLast() }
        bytes.appendBigEndian(Int16(digits.count))
        bytes.appendBigEndian(Int16(digits.isEmpty ? 0 : weight))
        bytes.appendBigEndian(UInt16(negative && !digits.isEmpty ? 0x4000 : 0))
        bytes.appendBigEndian(Int16(scale))
        for digit in digits { bytes.appendBigEndian(digit) }
    }

    public static func accepts(_ type: PostgresType) -> Bool { type == .numeric }

    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> Decimal? {
        guard let count = bytes.bigEndian(Int16.self), let weight = bytes.bigEndian(Int16.self, at: 2),
            let sign = bytes.bigEndian(UInt16.self, at: 4), sign == 0 || sign == 0x4000
        else { return nil }
        var text = sign == 0 ? "" : "-"
        var fraction = ""
        for position in 0..<max(Int(count), Int(weight) + 1) {
            let digit = position < Int(count) ? bytes.bigEndian(Int16.self, at: 8 + position * 2) ?? 0 : 0
            let four = String(String(Int(digit) + 10_000).dropFirst())
            if position <= Int(weight) { text += four } else { fraction += four }
        }
        if weight < 0 {
            text += "0"
            fraction = String(repeating: "0000", count: max(0, -Int(weight) - 1)) + fraction
        }
        // Decimal would quietly cut off what it cannot hold.
        let digits = (text + fraction).utf8.drop { $0 < UInt8(ascii: "1") }
        let significant = digits.count - digits.reversed().prefix { $0 == UInt8(ascii: "0") }.count
        guard significant <= 38 else { return nil }
        return Decimal(string: fraction.isEmpty ? text : text + "." + fraction)
    }
}
