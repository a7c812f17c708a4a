/// What a JSON body may hold at most, found out before it is read: reading is much more work than sending.
enum JSONBounds {
    static let maximumDepth = 32
    static let maximumValues = 20_000

    /// What is wrong with the text's size; `nil` when it may be read. A text that is no JSON passes too.
    static func excess(of text: some Sequence<UInt8>) -> String? {
        var depth = 0
        var values = 0
        var isInString = false
        var isEscaped = false
        for byte in text {
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
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                values += 1
                if depth > maximumDepth { return "The body is nested deeper than \(maximumDepth) levels." }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ","): values += 1
            default: break
            }
            if values > maximumValues { return "The body holds more than \(maximumValues) values." }
        }
        return nil
    }
}
