#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A text body in the content transfer encoding that makes it shorter (RFC 2045 section 6), in lines of at most 76
/// octets that end in CRLF.
struct BodyEncoding {
    /// The value of `Content-Transfer-Encoding`.
    let name: String
    let bytes: [UInt8]

    init(_ text: String) {
        let content = Self.canonical(text)
        let escapes = content.count { $0 >= 0x7F || $0 == UInt8(ascii: "=") }
        let digits = (content.count + 2) / 3 * 4
        let base64Count = digits + (digits + 75) / 76 * 2
        if content.count + 2 * escapes <= base64Count {
            let quoted = Self.quotedPrintable(content)
            if quoted.count <= base64Count {
                (name, bytes) = ("quoted-printable", quoted)
                return
            }
        }
        (name, bytes) = ("base64", Self.base64(content))
    }

    /// UTF-8 in which every line, the last one too, ends in CRLF; LF, CR and CRLF end a line in `text`.
    static func canonical(_ text: String) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(text.utf8.count + text.utf8.count / 32 + 2)
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case 0x0D: content.append(contentsOf: [0x0D, 0x0A])
            case 0x0A where previous == 0x0D: break
            case 0x0A: content.append(contentsOf: [0x0D, 0x0A])
            default: content.append(byte)
            }
            previous = byte
        }
        if !content.isEmpty, content.last != 0x0A { content.append(contentsOf: [0x0D, 0x0A]) }
        return content
    }

    static func base64(_ content: [UInt8]) -> [UInt8] {
        guard !content.isEmpty else { return [] }
        var encoded = Data(content).base64EncodedData(
            options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
        if encoded.last != 0x0A { encoded.append(contentsOf: [0x0D, 0x0A]) }
        return Array(encoded)
    }

    /// `content` must be canonical. Beyond RFC 2045 section 6.7 it escapes a dot at the start of a line and the F of
    /// `From `, so that neither SMTP nor an mbox has to change the line.
    static func quotedPrintable(_ content: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(content.count + content.count / 16)
        var column = 0
        for (index, byte) in content.enumerated() {
            if byte == 0x0D || byte == 0x0A {
                encoded.append(byte)
                column = 0
                continue
            }
            let isLast = content[index + 1] == 0x0D
            let escapes =
                switch byte {
                case UInt8(ascii: "="), 0...0x08, 0x0B...0x1F, 0x7F...0xFF: true
                case 0x20, 0x09: isLast
                case UInt8(ascii: "."): column == 0
                case UInt8(ascii: "F"): column == 0 && content[index...].starts(with: "From ".utf8)
                default: false
                }
            let width = escapes ? 3 : 1
            if column + width > (isLast ? 76 : 75) {
                encoded.append(contentsOf: [UInt8(ascii: "="), 0x0D, 0x0A])
                column = 0
            }
            if escapes {
                encoded.append(contentsOf: [UInt8(ascii: "="), hex(byte >> 4), hex(byte & 0x0F)])
            } else {
                encoded.append(byte)
            }
            column += width
        }
        return encoded
    }

    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }
}
