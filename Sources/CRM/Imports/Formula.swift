/// Texts that a spreadsheet would take for formulas, such as `=HYPERLINK(…)`, also behind blanks. An export writes them behind an
/// apostrophe, which an import takes away again; a text with apostrophes of its own before a formula gets another one, so that what went
/// out comes in as it was. (OWASP, CSV Injection)
enum Formula {
    static func isOne(_ utf8: some Sequence<UInt8>) -> Bool {
        var bytes = utf8.makeIterator()
        var byte = bytes.next()
        while byte == UInt8(ascii: "'") { byte = bytes.next() }
        while byte == 0x20 { byte = bytes.next() }
        return switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"): true
        // A spreadsheet may pass over them to what follows.
        case Byte.tab, Byte.carriageReturn, Byte.lineFeed: true
        case 0xEF: isFullWidthSign(bytes.next(), bytes.next())
        default: false
        }
    }

    /// ＝ ＋ － ＠, which some take for the narrow ones: what follows the first of their three bytes.
    private static func isFullWidthSign(_ second: UInt8?, _ third: UInt8?) -> Bool {
        switch (second, third) {
        case (0xBC, 0x9D), (0xBC, 0x8B), (0xBC, 0x8D), (0xBC, 0xA0): true
        default: false
        }
    }

    /// Without the apostrophe that an export wrote.
    static func bared(_ text: String) -> String {
        text.utf8.first == UInt8(ascii: "'") && isOne(text.utf8) ? String(text.dropFirst()) : text
    }
}
