import Foundation
import Mail

enum Samples {
    static let persianSubject = "نظر شما دربارهٔ خرید اخیرتان از فروشگاه پارسیان چیست؟ لطفاً فقط یک دقیقه وقت بگذارید ✨"
    static let persianText = "سلام مریم عزیز،\n\nاز خرید شما سپاسگزاریم.\nhttps://mehvar.example/s/abc\n"
    static let persianHTML = "<html lang=\"fa\" dir=\"rtl\"><body><p>سلام مریم عزیز،</p></body></html>"

    static func message(
        from: EmailAddress? = nil, subject: String = "How did we do?", text: String = "Hello\n", html: String? = nil,
        languageTag: String? = nil, headers: [MessageHeader] = []
    ) throws -> Message {
        try Message(
            from: from ?? EmailAddress("shop@parsian.example", name: "Parsian"),
            to: [EmailAddress("maryam@customer.example")], subject: subject,
            messageID: MessageID("0198c0de.1", domain: "parsian.example"),
            date: Date(timeIntervalSince1970: 1_795_255_200), text: text, html: html, languageTag: languageTag,
            headers: headers)
    }

    static func mail(_ id: String = UUID().uuidString, text: String = "Hello\n") throws -> OutgoingMail {
        try OutgoingMail(
            id: DeliveryID(id), returnPath: EmailAddress("bounces@parsian.example"), message: message(text: text))
    }
}
