import Foundation

/// UUIDs as text, without the C library's scanning and printing: every request reads and writes some.
extension UUID {
    /// From 36 characters, in any case; `nil` for anything else.
    init?(text: some StringProtocol) {
        var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        let isRead = withUnsafeMutableBytes(of: &value) { octets -> Bool in
            var (position, digits) = (0, 0)
            for character in text.utf8 {
                if position == 8 || position == 13 || position == 18 || position == 23 {
                    guard character == UInt8(ascii: "-") else { return false }
                } else {
                    guard let digit = Self.digit(character), digits < 32 else { return false }
                    octets[digits / 2] = octets[digits / 2] << 4 | digit
                    digits += 1
                }
                position += 1
            }
            return position == 36 && digits == 32
        }
        guard isRead else { return nil }
        self.init(uuid: value)
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func character(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    /// In lower case, as PostgreSQL writes it.
    var text: String {
        withUnsafeBytes(of: uuid) { octets in
            String(unsafeUninitializedCapacity: 36) { characters in
                var position = 0
                for (index, octet) in octets.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        characters[position] = UInt8(ascii: "-")
                        position += 1
                    }
                    characters[position] = Self.character(octet >> 4)
                    characters[position + 1] = Self.character(octet & 15)
                    position += 2
                }
                return position
            }
        }
    }
}
