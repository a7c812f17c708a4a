/// The bytes that mean something in a CSV file.
enum Byte {
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let semicolon: UInt8 = 0x3B
    static let tab: UInt8 = 0x09
    /// What some programs write at the beginning of UTF-8.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Where the next byte stands that means something in a bare cell, or the end.
    static func endOfRun(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ delimiter: UInt8) -> Int {
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            // Letters and digits, nearly all there is, take one comparison.
            if byte <= semicolon {
                switch byte {
                case delimiter, quote, lineFeed, carriageReturn, 0: return at
                default: break
                }
            }
            at += 1
        }
        return at
    }

    /// Where the next byte stands that means something in a quoted cell, or the end.
    static func endOfQuotedRun(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var at = start
        while at < bytes.count {
            let byte = bytes[at]
            if byte <= quote {
                switch byte {
                case quote, lineFeed, carriageReturn, 0: return at
                default: break
                }
            }
            at += 1
        }
        return at
    }
}
