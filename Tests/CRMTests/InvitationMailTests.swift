import Foundation
import Testing

@testable import CRM

@Suite("Invitation mail")
struct InvitationMailTests {
    private func mail(_ language: String, asksScore: Bool = true) -> InvitationMail {
        InvitationMail(
            languageCode: language, tenantName: "Parsian", recipientName: "Sara", subject: "How was it?",
            message: "First line\r\nsecond line\n\nAnother paragraph", question: "Would you recommend us?",
            asksScore: asksScore, surveyURL: "https://mehvar.example/s/token",
            unsubscribeURL: "https://mehvar.example/u/token")
    }

    @Test("The HTML part links each score from 0 to 10")
    func linksEachScore() {
        let html = mail("en").renderHTML()
        let scores = html.matches(of: /href="https:\/\/mehvar\.example\/s\/token\?score=(\d+)"/).map { String($0.1) }
        #expect(scores == (0...10).map(String.init))
        #expect(html.contains("<b>0</b> not at all likely"))
        #expect(html.contains("href=\"https://mehvar.example/u/token\""))
    }

    @Test("Persian mail is right-to-left with Persian digits on the buttons and ASCII digits in the links")
    func persianIsRightToLeft() {
        let html = mail("fa").renderHTML()
        #expect(html.contains("<html lang=\"fa\" dir=\"rtl\">"))
        #expect(html.matches(of: /<t[ad][^>]* dir="rtl"/).count > 3)
        #expect(!html.contains("dir=\"ltr\""))
        #expect(html.contains(/\?score=10"[^>]*>۱۰<\/a>/))
        #expect(html.contains("Sara گرامی،"))
        #expect(mail("en").renderHTML().contains("<html lang=\"en\" dir=\"ltr\">"))
    }

    @Test("A first question without a score is one link")
    func otherQuestionsAreOneLink() {
        let html = mail("en", asksScore: false).renderHTML()
        #expect(!html.contains("?score="))
        #expect(html.matches(of: /href="https:\/\/mehvar\.example\/s\/token"/).count == 1)
        #expect(!mail("en", asksScore: false).renderText().contains("not at all likely"))
    }

    @Test("The text part has each link alone on its line", arguments: ["fa", "en"])
    func textHasLinksAlone(language: String) {
        let text = mail(language).renderText()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count(where: { $0 == "https://mehvar.example/s/token" }) == 1)
        #expect(lines.count(where: { $0 == "https://mehvar.example/u/token" }) == 1)
        #expect(lines.contains("First line"))
        #expect(!text.contains("\r") && !text.contains("{{"))
    }

    @Test("The message keeps its paragraphs and lines")
    func keepsParagraphs() {
        let html = mail("en").renderHTML()
        #expect(html.contains(">First line<br>second line</p>"))
        #expect(html.contains(">Another paragraph</p>"))
    }

    @Test("No value becomes markup in HTML, and the text part shows it as it is")
    func escapesEveryValue() {
        let attack = "\"\u{200C}><script>alert(1)</script>"
        let mail = InvitationMail(
            languageCode: attack, tenantName: attack, recipientName: attack, subject: attack, message: attack,
            question: attack, asksScore: true, surveyURL: attack, unsubscribeURL: attack)
        let html = mail.renderHTML()
        #expect(!html.contains("<script"))
        #expect(!html.unicodeScalars.contains("\"\u{200C}".unicodeScalars))
        #expect(html.contains("&lt;script&gt;"))
        #expect(mail.renderText().contains(attack))
        #expect(mail.renderText().contains("<script>alert(1)</script>"))
    }

    @Test("The HTML part loads nothing")
    func loadsNothing() {
        let html = mail("fa").renderHTML()
        #expect(html.firstMatch(of: /<img|<link|<script|src=|url\(|@import/) == nil)
    }

    @Test("A recipient without a name is greeted without one", arguments: [nil, ""])
    func greetsWithoutName(name: String?) {
        var mail = mail("en")
        mail.recipientName = name
        #expect(mail.renderText().hasPrefix("Hello,\n\nFirst line\nsecond line\n\nAnother paragraph\n\nWould you"))
    }
}

@Suite("Written languages")
struct WrittenLanguageTests {
    @Test("Persian days are Jalali with Persian digits, English ones Gregorian, both in the given time zone")
    func days() throws {
        let tehran = try #require(TimeZone(identifier: "Asia/Tehran"))
        let evening = try Date("2026-11-21T21:00:00Z", strategy: .iso8601)
        #expect(WrittenLanguage("fa").day(of: evening, in: tehran) == "۱ آذر ۱۴۰۵")
        #expect(WrittenLanguage("fa").day(of: evening, in: .gmt) == "۳۰ آبان ۱۴۰۵")
        #expect(WrittenLanguage("en").day(of: evening, in: tehran) == "22 November 2026")
    }

    @Test("The last day of a Jalali leap year is the thirtieth of Esfand")
    func leapDay() throws {
        let noon = try Date("2025-03-20T12:00:00Z", strategy: .iso8601)
        #expect(WrittenLanguage("fa").day(of: noon, in: .gmt) == "۳۰ اسفند ۱۴۰۳")
    }

    @Test("Numbers are written in the language's digits")
    func digits() {
        #expect(WrittenLanguage("fa").digits(1_234_567_890) == "۱۲۳۴۵۶۷۸۹۰")
        #expect(WrittenLanguage("fa").digits(-5) == "-۵")
        #expect(WrittenLanguage("en").digits(10) == "10")
    }

    @Test("A language tag's case and region do not matter")
    func tags() {
        #expect(WrittenLanguage("FA-ir").isRightToLeft)
        #expect(WrittenLanguage("ar_EG").direction == "rtl")
        #expect(!WrittenLanguage("").isRightToLeft)
    }
}
