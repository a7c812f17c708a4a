import Testing

@testable import Postgres

@Suite struct CopyRefusalTests {
    private func message(_ type: Character, _ body: String) -> [UInt8] {
        let length = UInt32(body.utf8.count + 4)
        return [type.asciiValue ?? 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body.utf8
    }

    private func isIn(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes(CopyRefusal.isIn) }

    private var error: [UInt8] { message("E", "SFEHLER\0VERROR\0C22P02\0Mbad\0\0") }
    private var notice: [UInt8] { message("N", "SNOTICE\0VNOTICE\0C00000\0MEs\0\0") }

    @Test func `an error is seen, also after notices, notifications and changed parameters`() {
        let others = notice + message("A", "\0\0\u{1}\0jobs\0E\0") + message("S", "TimeZone\0UTC\0")
        #expect(isIn(error))
        #expect(isIn(others + error))
        #expect(isIn(message("E", "SFATAL\0VFATAL\0C57P01\0M\0\0")))
        #expect(isIn(message("E", "SPANIC\0VPANIC\0CXX000\0M\0\0")))
        #expect(!isIn(others))
        #expect(!isIn([]))
    }

    @Test func `a part of a message is not taken for an error`() {
        for count in 0..<18 { #expect(!isIn(Array(error.prefix(count)))) }
        for count in 1..<notice.count { #expect(!isIn(Array(notice.dropFirst(count)))) }
        #expect(!isIn(message("N", "SNOTICE\0VNOTICE\0MERROR\0\0").dropLast() + error))
        #expect(!isIn(Array("EEEEEEEEEEEEEEE".utf8)))
        #expect(!isIn(Array("N\0\0\0\0".utf8) + error))
    }
}
