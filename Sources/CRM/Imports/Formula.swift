/// Texts that a spreadsheet would take for formulas, such as `=HYPERLINK(…)`. An export writes them behind an apostrophe, which an
/// import takes away again. (OWASP, CSV Injection)
enum Formula {
    private static func isBeginning(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D: true
        default: false
        }
    }

    static func isOne(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool { utf8.first.map(isBeginning) == true }

    static func bared(_ text: String) -> String {
        guard text.utf8.first == UInt8(ascii: "'"), text.utf8.dropFirst().first.map(isBeginning) == true else {
            return text
        }
        return String(text.dropFirst())
    }
}
