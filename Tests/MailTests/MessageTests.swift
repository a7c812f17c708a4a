import Foundation
import Mail
import Testing

@Suite struct MessageTests {
    @Test(arguments: ["\r\nBcc: a@b.example", "Hi\nBcc: a@b.example", "Hi\rX", "Hi\0", "Hi\u{85}", "Hi\u{2028}there"])
    func `a subject cannot add a header`(subject: String) {
        #expect(throws: MessageError.self) { try Samples.message(subject: subject) }
    }

    @Test(arguments: [
        ("X-Test", "a\r\nBcc: b@c.example"), ("X-Test", "a\nb"), ("X-Test\r\nBcc", "a"), ("X Test", "a"), ("X:", "a"),
        ("", "a"), ("X-ت", "a"), ("subject", "a"), ("BCC", "a"), ("Content-Type", "a"),
        ("X-Test", String(repeating: "x", count: 1000)),
    ])
    func `an extra header cannot add another or replace the message's own`(name: String, value: String) {
        #expect(throws: MessageError.self) { try MessageHeader(name, value) }
    }

    @Test(arguments: ["a\r\nBcc: b", "a b", "a<b", "", "a..b", "ب"])
    func `a message id is a plain token`(left: String) {
        #expect(throws: MessageError.self) { try MessageID(left, domain: "b.example") }
    }

    @Test(arguments: ["fa\r\nX: y", "f", "fa_IR", "fa.IR", ""])
    func `a language tag is a plain token`(tag: String) {
        #expect(throws: MessageError.self) { try Samples.message(languageTag: tag) }
    }

    @Test func `a message needs a recipient`() throws {
        let from = try EmailAddress("a@b.example")
        let id = try MessageID("1", domain: "b.example")
        #expect(throws: MessageError.self) {
            try Message(from: from, to: [], subject: "", messageID: id, date: .now, text: "")
        }
    }

    @Test(arguments: ["", "../x", ".x", "x.", "a b", "a/b", "a:2,S", "ب", String(repeating: "x", count: 129)])
    func `a delivery id is a safe file name`(id: String) {
        #expect(throws: MessageError.self) { try DeliveryID(id) }
    }

    @Test(arguments: ["https://a.example/ b", "https://a.example/>", "https://a.example/,", "https://a.example/ت"])
    func `an unsubscribe link holds nothing that would end it`(uri: String) {
        #expect(throws: MessageError.self) { try MessageHeader.listUnsubscribe(uri) }
    }
}
