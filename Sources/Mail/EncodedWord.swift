#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// RFC 2047 encoded-words in UTF-8 with the B encoding.
enum EncodedWord {
    private static let opening = "=?UTF-8?B?"
    private static let closing = "?="

    /// Encodes `text` as words of at most 75 octets, the first of at most `room`, such that decoding them one after the
    /// other gives `text`. No word splits a scalar, nor a grapheme cluster that fits into one.
    static func words(_ text: String, room: Int) -> [String] {
        var words: [String] = []
        var bytes: [UInt8] = []
        var capacity = payload(in: room)
        func close() {
            words.append(opening + Data(bytes).base64EncodedString() + closing)
            bytes.removeAll(keepingCapacity: true)
            capacity = payload(in: 75)
        }
        func append(_ unit: some Collection<UInt8>) {
            if bytes.count + unit.count > capacity, !bytes.isEmpty { close() }
            bytes.append(contentsOf: unit)
        }
        for character in text {
            if character.utf8.count <= payload(in: 75) {
                append(Array(character.utf8))
            } else {
                for scalar in character.unicodeScalars { append(Array(scalar.utf8)) }
            }
        }
        if !bytes.isEmpty { close() }
        return words
    }

    /// How many octets fit into a word of `room` octets; at least one scalar's four, so that each word holds something.
    private static func payload(in room: Int) -> Int {
        max(4, (min(room, 75) - opening.utf8.count - closing.utf8.count) / 4 * 3)
    }
}
