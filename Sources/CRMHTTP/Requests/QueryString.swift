import Hummingbird

/// The form in which URLs and posted forms carry names and values.
enum QueryString {
    struct Pair {
        let name: String
        let value: String
        /// Whether an escape is none, or the bytes are no UTF-8.
        let isBroken: Bool
    }

    /// Names and values in order, decoded; also the form of an `application/x-www-form-urlencoded` body. Bytes that are not UTF-8
    /// become replacement characters.
    static func pairs(_ text: String) -> [(String, String)] { read(text).map { ($0.name, $0.value) } }

    static func read(_ text: String) -> [Pair] {
        text.split(separator: "&").map { (pair: Substring) -> Pair in
            let parts: [Substring] = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = decoded(parts[0])
            let value = parts.count > 1 ? decoded(parts[1]) : (text: "", isBroken: false)
            return Pair(name: name.text, value: value.text, isBroken: name.isBroken || value.isBroken)
        }
    }

    /// Percent escapes and `+`.
    private static func decoded(_ text: Substring) -> (text: String, isBroken: Bool) {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return (String(text), false)
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
                guard let high = nibble(rest.next()), let low = nibble(rest.next()) else { return (String(text), true) }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return (String(decoding: bytes, as: UTF8.self), String(validating: bytes, as: UTF8.self) == nil)
    }
}
