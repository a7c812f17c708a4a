/// Checks of addresses that people type. They go byte by byte, since imports check millions.
enum Address {
    /// Whether the text can be written to as an e-mail address: one `@`, a host with a dot, ASCII without blanks, at most 254, no dot
    /// beside a dot or an end.
    static func isEmail(_ text: some StringProtocol) -> Bool {
        var labels = 0
        var length = 0
        var isInHost = false
        var first: UInt8 = 0
        var previous: UInt8 = 0
        var total = 0
        for byte in text.utf8 {
            total += 1
            // No empty part between dots: RFC 5321 wants a dot-string.
            if byte == 0x2E, length == 0 || previous == 0x2E { return false }
            if byte == 0x40, previous == 0x2E { return false }
            if !isInHost, byte == 0x40 {
                guard (1...64).contains(length) else { return false }
                isInHost = true
                length = 0
            } else if isInHost, byte == 0x2E {
                guard (1...63).contains(length), isAlphanumeric(first), isAlphanumeric(previous) else { return false }
                labels += 1
                length = 0
            } else {
                guard isAlphanumeric(byte) || byte == 0x2D || (!isInHost && isLocal(byte)) else { return false }
                if length == 0 { first = byte }
                length += 1
            }
            previous = byte
        }
        return isInHost && labels > 0 && (2...63).contains(length) && total <= 254
    }

    /// Whether the text is a telephone number: 4 to 15 digits (Persian and Arabic ones too) with the usual separators and a
    /// leading +.
    static func isPhone(_ text: some StringProtocol) -> Bool {
        var digits = 0
        for (position, scalar) in text.unicodeScalars.enumerated() {
            switch scalar {
            case "0"..."9", "\u{06F0}"..."\u{06F9}", "\u{0660}"..."\u{0669}": digits += 1
            case " ", "-", "(", ")", ".", "/": break
            case "+" where position == 0: break
            default: return false
            }
        }
        return (4...15).contains(digits)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    /// What may stand before the @ besides letters, digits and the hyphen: `.!#$%&'*+/=?^_{|}~` and the grave accent.
    private static func isLocal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2E, 0x2F, 0x3D, 0x3F, 0x5E...0x60, 0x7B...0x7E: true
        default: false
        }
    }
}
