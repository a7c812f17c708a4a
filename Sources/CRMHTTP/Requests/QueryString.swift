import Hummingbird

/// The form in which URLs and posted forms carry names and values.
enum QueryString {
    /// Names and values in order, decoded; also the form of an `application/x-www-form-urlencoded` body.
    static func pairs(_ text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    /// Percent escapes and `+`; bytes that are not UTF-8 become replacement characters.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        func nibble(_ letter: UInt8?) -> UInt8? {
            letter.flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map(UInt8.init)
        }
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = nibble(rest.next()), let low = nibble(rest.next()) else { return String(text) }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
