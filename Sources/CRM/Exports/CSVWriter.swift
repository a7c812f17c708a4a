/// Writes CSV (RFC 4180) row by row. Texts that a spreadsheet would take for formulas stand behind an apostrophe.
public struct CSVWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var isAtStart = true

    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// - Parameter isText: whether it comes from people; what the product writes itself is no formula.
    mutating func cell(_ text: String?, isText: Bool = true) {
        if !isAtStart { bytes.append(Byte.comma) }
        isAtStart = false
        guard var text, !text.isEmpty else { return }
        text.withUTF8 { utf8 in
            let isFormula = isText && Formula.isOne(utf8)
            guard Self.needsQuotes(utf8) else {
                if isFormula { bytes.append(UInt8(ascii: "'")) }
                bytes.append(contentsOf: utf8)
                return
            }
            bytes.append(Byte.quote)
            if isFormula { bytes.append(UInt8(ascii: "'")) }
            for byte in utf8 {
                if byte == Byte.quote { bytes.append(Byte.quote) }
                bytes.append(byte)
            }
            bytes.append(Byte.quote)
        }
    }

    mutating func endRow() {
        bytes.append(Byte.carriageReturn)
        bytes.append(Byte.lineFeed)
        isAtStart = true
    }

    /// Some programs take UTF-8 for what it is by this alone.
    public mutating func byteOrderMark() { bytes += Byte.byteOrderMark }

    private static func needsQuotes(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        if utf8.first == 0x20 || utf8.last == 0x20 { return true }
        return utf8.contains { byte in
            byte <= Byte.semicolon
                && (byte == Byte.comma || byte == Byte.quote || byte == Byte.lineFeed || byte == Byte.carriageReturn
                    || byte == Byte.semicolon || byte == Byte.tab)
        }
    }
}
