import Mail
import Testing

@Suite struct EmailAddressTests {
    @Test(arguments: [
        "a@b.example", "first.last+tag@sub.domain.example", "root@localhost", "x@xn--mgba3a4f16a.example",
    ])
    func `an ordinary address is kept as it is`(address: String) throws {
        #expect(try EmailAddress(address).address == address)
    }

    @Test(arguments: [
        "", "@", "a@", "@b.example", "a.b.example", "a@b@c.example", "a b@c.example", "a@b..example", ".a@b.example",
        "a.@b.example", "a@-b.example", "a@b.example.", "\"a\"@b.example", "a@[127.0.0.1]", "<a@b.example>",
        "a@b.example,c@d.example",
    ])
    func `what is not one plain address is refused`(address: String) {
        #expect(throws: MessageError.self) { try EmailAddress(address) }
    }

    @Test(arguments: ["a@b.example\r\nBcc: c@d.example", "a\n@b.example", "a@b.example\0", "a\t@b.example"])
    func `an address with a control character is refused`(address: String) {
        let error = #expect(throws: MessageError.self) { try EmailAddress(address) }
        #expect(error?.description.contains("control") == true)
    }

    @Test(arguments: ["مریم@b.example", "a@فروشگاه.example", "a@b.example\u{200C}"])
    func `an international address is refused with the way out`(address: String) {
        let error = #expect(throws: MessageError.self) { try EmailAddress(address) }
        #expect(error?.description.contains("xn--") == true)
    }

    @Test func `lengths are limited`() throws {
        let domain = Array(repeating: String(repeating: "d", count: 61), count: 4).joined(separator: ".")
        let longest = String(repeating: "a", count: 254 - 1 - domain.utf8.count) + "@" + domain
        #expect(try EmailAddress(longest).address.utf8.count == 254)
        #expect(throws: MessageError.self) { try EmailAddress("a" + longest) }
        #expect(throws: MessageError.self) { try EmailAddress(String(repeating: "a", count: 65) + "@b.example") }
        #expect(throws: MessageError.self) { try EmailAddress("a@" + String(repeating: "b", count: 64) + ".example") }
    }

    @Test func `a display name cannot break a line, and a blank one is none`() throws {
        #expect(throws: MessageError.self) { try EmailAddress("a@b.example", name: "Shop\r\nBcc: c@d.example") }
        #expect(throws: MessageError.self) { try EmailAddress("a@b.example", name: "Shop\u{2028}x") }
        #expect(try EmailAddress("a@b.example", name: "  ").name == nil)
    }
}
