/// Writes header lines of at most 78 octets where the tokens allow it (RFC 5322 section 2.2.3, RFC 2047 section 2).
///
/// It trusts its input to be free of control characters: ``Message`` and its parts have checked that.
struct HeaderWriter {
    private(set) var bytes: [UInt8] = []
    private var column = 0
    private var isFieldEmpty = true

    /// A field whose `tokens` must stand whole, separated by spaces or folds.
    mutating func field(_ name: String, _ tokens: String...) {
        begin(name)
        for token in tokens { append(token) }
        end()
    }

    /// A field of free text that people read; what folding would not keep exactly becomes encoded-words.
    mutating func field(_ name: String, text: String) {
        begin(name)
        if Self.survivesFolding(text) { appendWords(text) } else { appendEncoded(text) }
        end()
    }

    /// A field that programs may read: ASCII stays as it is but for runs of spaces, which become one.
    mutating func field(_ header: MessageHeader) {
        begin(header.name)
        if header.value.utf8.allSatisfy({ $0 < 0x80 }) {
            appendWords(header.value)
        } else {
            appendEncoded(header.value)
        }
        end()
    }

    /// A field that lists mailboxes.
    mutating func field(_ name: String, mailboxes: [EmailAddress]) {
        begin(name)
        for (index, mailbox) in mailboxes.enumerated() {
            let comma = index == mailboxes.count - 1 ? "" : ","
            if let display = mailbox.name {
                appendPhrase(display)
                append("<\(mailbox.address)>\(comma)")
            } else {
                append("\(mailbox.address)\(comma)")
            }
        }
        end()
    }

    /// The empty line between header and body.
    mutating func endOfHeader() { end() }

    private mutating func begin(_ name: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ":"))
        column = name.utf8.count + 1
        isFieldEmpty = true
    }

    private mutating func end() {
        bytes.append(contentsOf: [0x0D, 0x0A])
        column = 0
    }

    /// Folds before a token that would pass `limit`, but leaves the first one beside the name: some readers need it.
    private mutating func append(_ token: String, limit: Int = 78) {
        let length = token.utf8.count
        if column + 1 + length > limit, !isFieldEmpty || column > 40 {
            bytes.append(contentsOf: [0x0D, 0x0A])
            column = 0
        }
        bytes.append(0x20)
        bytes.append(contentsOf: token.utf8)
        column += 1 + length
        isFieldEmpty = false
    }

    private mutating func appendWords(_ text: String) {
        for word in text.split(separator: " ") { append(String(word)) }
    }

    /// A line that holds an encoded-word has at most 76 octets.
    private mutating func appendEncoded(_ text: String) {
        let room = 76 - column - 1
        for word in EncodedWord.words(text, room: room < 30 ? 75 : room) { append(word, limit: 76) }
    }

    /// A display name: atoms bare, other short ASCII as a quoted string, the rest as encoded-words, which can be folded.
    private mutating func appendPhrase(_ name: String) {
        let isAtoms = name.utf8.allSatisfy { EmailAddress.isAtomText($0) || $0 == 0x20 }
        if !Self.survivesFolding(name) || (!isAtoms && name.utf8.count > 40) {
            appendEncoded(name)
        } else if isAtoms {
            appendWords(name)
        } else {
            append("\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"")
        }
    }

    /// Whether folding at single spaces keeps `text` exactly: ASCII, no long word, nothing that looks like an
    /// encoded-word, no runs of spaces and none at the ends.
    private static func survivesFolding(_ text: String) -> Bool {
        text.isEmpty
            || text.utf8.allSatisfy { $0 < 0x80 } && !text.contains("=?")
                && text.utf8.split(separator: 0x20, omittingEmptySubsequences: false).allSatisfy { word in
                    (1...66).contains(word.count)
                }
    }
}
