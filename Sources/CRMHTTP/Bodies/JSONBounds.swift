/// What a JSON body may hold at most, found out before it is read: reading is much more work than sending.
enum JSONBounds {
    static let maximumDepth = 32
    static let maximumValues = 20_000

    /// Whether the character zero may stand somewhere: it can only be written as an escape.
    static func mayHoldZero(_ text: some Sequence<UInt8>) -> Bool {
        var zeros = -1
        for byte in text {
            if byte == UInt8(ascii: "u") {
                zeros = 0
            } else if byte == UInt8(ascii: "0"), zeros >= 0 {
                zeros += 1
                if zeros == 4 { return true }
            } else {
                zeros = -1
            }
        }
        return false
    }

    /// What is wrong with the text's size; `nil` when it may be read. A text that is no JSON passes too.
    static func excess(of text: some Sequence<UInt8>) -> String? {
        var depth = 0
        var values = 0
        var isInString = false
        var isEscaped = false
        var isBehindComma = false
        for byte in text {
            // No text in UTF-8 holds it; one in UTF-16, which the decoder would take too, does.
            if byte == 0 { return "The body is not JSON in UTF-8." }
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                isBehindComma = false
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                values += 1
                if depth > maximumDepth { return "The body is nested deeper than \(maximumDepth) levels." }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The decoder would take it; no other reader of JSON does.
                if isBehindComma { return "The body is not JSON: a comma stands before a closing bracket." }
                depth -= 1
            case UInt8(ascii: ","): values += 1
            default: break
            }
            let isBlank = byte == 0x20 || (0x09...0x0D).contains(byte)
            if !isBlank { isBehindComma = byte == UInt8(ascii: ",") }
            if values > maximumValues { return "The body holds more than \(maximumValues) values." }
        }
        return nil
    }
}
