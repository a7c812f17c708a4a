import Foundation
import Testing

@testable import CRMHTTP

@Suite("Public pages")
struct PagesTests {
    private let attack = "<script>alert(1)</script>"
    private let tehran: TimeZone
    private let noon: Date

    init() throws {
        tehran = try #require(TimeZone(identifier: "Asia/Tehran"))
        noon = try Date("2026-11-22T11:00:00Z", strategy: .iso8601)
    }

    private func survey(_ language: String, score: String? = nil, problem: SurveyPage.Problem? = nil) -> SurveyPage {
        SurveyPage(
            languageCode: language, tenantName: "Parsian", title: "A short question",
            questions: [
                .init(
                    id: "score", kind: .nps, text: "Would you recommend us?", isRequired: true, value: score,
                    problem: problem),
                .init(id: "comment", kind: .text, text: "Why?"),
            ],
            action: "/s/token", unsubscribePath: "/u/token")
    }

    private func everyPage(language: String) -> [String] {
        let kinds: [NoticePage.Kind] = [
            .unknownLink, .expired, .closed, .confirmUnsubscribe(action: "/u/token"), .unsubscribed, .tooManyRequests,
            .tryLater, .serverError,
        ]
        let change = ThanksPage.Change(until: noon, timeZone: tehran, path: "/s/token?change=1")
        return [
            survey(language).render(), survey(language, problem: .missing).render(),
            ThanksPage(languageCode: language, tenantName: "Parsian", thanks: "Thanks!", change: change).render(),
        ] + kinds.map { NoticePage(languageCode: language, kind: $0, tenantName: "Parsian").render() }
    }

    @Test("No value of a tenant or respondent becomes markup")
    func escapesEveryValue() {
        let questions: [SurveyPage.Question] = [.nps, .csat, .ces, .text, .choice].map { kind in
            .init(
                id: attack, kind: kind, text: attack, options: [.init(value: attack, label: attack)], value: attack,
                problem: .missing)
        }
        let change = ThanksPage.Change(until: noon, timeZone: tehran, path: attack)
        let pages = [
            SurveyPage(
                languageCode: attack, tenantName: attack, title: attack, questions: questions, notice: attack,
                action: attack, unsubscribePath: attack
            ).render(),
            ThanksPage(languageCode: attack, tenantName: attack, thanks: attack, change: change).render(),
            NoticePage(languageCode: attack, kind: .unknownLink, tenantName: attack).render(),
            NoticePage(languageCode: attack, kind: .confirmUnsubscribe(action: attack), tenantName: attack).render(),
        ]
        for page in pages {
            #expect(!page.contains("<script"))
            #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        }
    }

    @Test(
        "A quotation mark cannot end an attribute, not even joined to a mark that follows it",
        arguments: ["", "\u{200C}", "\u{200D}", "\u{0301}", "\u{064B}"])
    func escapesJoinedQuotationMarks(mark: String) {
        var page = survey("fa")
        page.questions[0].id = "\"\(mark) autofocus onfocus=\"alert(1)"
        page.action = "\"\(mark)><img>"
        let html = page.render().unicodeScalars
        #expect(!html.contains("\"\(mark) autofocus onfocus".unicodeScalars))
        #expect(html.contains("&quot;\(mark) autofocus onfocus=&quot;alert(1)".unicodeScalars))
        #expect(html.contains("action=\"&quot;\(mark)&gt;&lt;img&gt;\"".unicodeScalars))
    }

    @Test("A text cannot leave its field, and keeps its first line break")
    func keepsTextInItsField() {
        var page = survey("en")
        page.questions[1].value = "\n</textarea><b>"
        #expect(page.render().contains(">\n\n&lt;/textarea&gt;&lt;b&gt;</textarea>"))
    }

    @Test("Persian pages are right-to-left with Persian digits, English ones left-to-right")
    func directionFollowsTheLanguage() {
        let persian = survey("fa").render()
        #expect(persian.contains("<html lang=\"fa\" dir=\"rtl\">"))
        #expect(persian.contains("value=\"10\"><label for=\"q1-10\">۱۰<"))
        #expect(persian.contains("<span><b>۰</b> اصلاً محتمل نیست</span> <span><b>۱۰</b> بسیار محتمل است</span>"))
        let english = survey("en").render()
        #expect(english.contains("<html lang=\"en\" dir=\"ltr\">"))
        #expect(english.contains("<span><b>0</b> not at all likely</span> <span><b>10</b> extremely likely</span>"))
    }

    @Test("A language without a translation keeps its direction and gets the English texts")
    func fallsBackToEnglish() {
        let page = survey("ar").render()
        #expect(page.contains("<html lang=\"ar\" dir=\"rtl\">"))
        #expect(page.contains("Send answer"))
        #expect(survey("fa-IR").render().contains("ثبت پاسخ"))
    }

    @Test(
        "A link that belongs to no survey is answered in a language of the browser",
        arguments: [
            (nil, "en"), ("", "en"), ("fa", "fa"), ("fa-IR,fa;q=0.9,en;q=0.8", "fa"), ("de, en;q=0.5, fa;q=0.7", "fa"),
            ("en-US,en;q=0.9,fa;q=0.9", "en"), ("fa;q=0", "en"), ("*", "en"),
        ] as [(String?, String)])
    func readsAcceptLanguage(header: String?, expected: String) {
        #expect(PageText.preferredLanguage(header) == expected)
    }

    @Test("A score offers the numbers 0 to 10 in order, and nothing is chosen beforehand")
    func offersElevenScores() {
        let html = survey("fa").render()
        let values = html.matches(of: /name="score" id="q1-\d+" value="(\d+)"/).map { String($0.1) }
        #expect(values == (0...10).map(String.init))
        #expect(html.matches(of: /name="score"[^>]* checked>/).isEmpty)
    }

    @Test("The score of the link is chosen, and a score that does not exist is not")
    func choosesTheScoreOfTheLink() {
        let html = survey("fa", score: "9").render()
        #expect(html.matches(of: /\ checked>/).count == 1)
        #expect(html.contains("value=\"9\" checked>"))
        #expect(!survey("fa", score: "11").render().contains(" checked>"))
    }

    @Test("A question that may be left out lets an answer be taken back")
    func optionalChoicesOfferNoAnswer() {
        var page = survey("en")
        page.questions = [.init(id: "ease", kind: .ces, text: "It was easy.", value: "3")]
        let html = page.render()
        #expect(html.contains("value=\"3\" checked>"))
        #expect(html.contains("value=\"\"><label for=\"q1-none\">No answer"))
        page.questions[0].isRequired = true
        #expect(!page.render().contains("No answer"))
    }

    @Test("A question with a problem is marked, explained beside the field and listed in the alert")
    func explainsProblems() {
        let html = survey("en", problem: .missing).render()
        #expect(html.contains("role=\"alert\""))
        #expect(html.contains("<a href=\"#q1\"><bdi>Would you recommend us?</bdi></a>"))
        #expect(html.contains("aria-invalid=\"true\" aria-describedby=\"q1-anchors q1-problem\""))
        #expect(html.contains("<p class=\"problem\" id=\"q1-problem\">Please answer this question.</p>"))
        #expect(html.contains("<title>Please check: A short question"))
        #expect(!survey("en").render().contains("role=\"alert\""))
        #expect(html.matches(of: /aria-invalid/).count == 1)
    }

    @Test("A text that is too long is told its limit in the language's digits")
    func saysTheLimit() {
        var page = survey("fa")
        page.questions[1].problem = .tooLong
        let html = page.render()
        #expect(html.contains("۴۰۰۰"))
        #expect(html.contains("maxlength=\"4000\""))
        #expect(html.contains("aria-invalid=\"true\" aria-describedby=\"q2-problem\""))
    }

    @Test("Thanks tell until when the answer can be changed, in the calendar of the language")
    func saysUntilWhen() {
        let change = ThanksPage.Change(until: noon, timeZone: tehran, path: "/s/token?change=1")
        let persian = ThanksPage(languageCode: "fa", tenantName: "پارسیان", thanks: nil, change: change).render()
        #expect(persian.contains("تا ۱ آذر ۱۴۰۵، ساعت ۱۴:۳۰ به وقت ایران می‌توانید"))
        #expect(persian.contains("href=\"/s/token?change=1\""))
        let english = ThanksPage(languageCode: "en", tenantName: "Parsian", thanks: nil, change: change).render()
        #expect(english.contains("You can change it until 22 November 2026, 14:30 (Iran Time)."))
    }

    @Test("Thanks for an answer that is final offer no change")
    func saysThatItIsFinal() {
        let html = ThanksPage(languageCode: "en", tenantName: "Parsian", thanks: "Well done", change: nil).render()
        #expect(html.contains("Well done"))
        #expect(html.contains("can no longer be changed"))
        #expect(!html.contains("<a "))
    }

    @Test("Each notice has its status")
    func noticesHaveAStatus() {
        func status(_ kind: NoticePage.Kind) -> Int { NoticePage(languageCode: "en", kind: kind).status }
        #expect(status(.unknownLink) == 404)
        #expect(status(.expired) == 410)
        #expect(status(.closed) == 410)
        #expect(status(.unsubscribed) == 200)
        #expect(status(.tooManyRequests) == 429)
        #expect(status(.tryLater) == 503)
        #expect(status(.serverError) == 500)
    }

    @Test("Unsubscribing is asked for with a form, for opening a link must not change anything")
    func unsubscribingIsPosted() {
        let page = NoticePage(languageCode: "fa", kind: .confirmUnsubscribe(action: "/u/token"), tenantName: "پارسیان")
        #expect(page.render().contains("<form method=\"post\" action=\"/u/token\">"))
    }

    @Test("A notice of no known tenant names the sender in general and leaves no gap")
    func noticesWithoutATenant() {
        let html = NoticePage(languageCode: "en", kind: .unknownLink).render()
        #expect(html.contains("the sender will help you"))
        #expect(!html.contains("<header>"))
        #expect(html.contains("<title>We could not find this link</title>"))
    }

    @Test("No page loads anything, runs a script or can be indexed", arguments: ["fa", "en"])
    func pagesStandAlone(language: String) {
        for html in everyPage(language: language) {
            #expect(html.firstMatch(of: /https?:|\/\/[a-z]|url\(|@import|<script|<img|<link|<iframe| on[a-z]+=/) == nil)
            #expect(html.contains("<meta name=\"robots\" content=\"noindex\">"))
            #expect(html.contains("<meta name=\"referrer\" content=\"no-referrer\">"))
            #expect(html.contains("<meta name=\"viewport\""))
            #expect(!html.contains("{{") && !html.contains("SENDER") && !html.contains("UNTIL"))
        }
    }

    @Test("Every reference inside a page has its target, and every id is unique")
    func referencesResolve() {
        var page = survey("en", problem: .notAnOption)
        page.questions += [
            .init(id: "a", kind: .csat, text: "Satisfied?", problem: .missing),
            .init(
                id: "b", kind: .choice, text: "Which?", options: [.init(value: "1", label: "One")], problem: .missing),
            .init(id: "c", kind: .text, text: "Else?", problem: .tooLong),
        ]
        let html = page.render()
        let ids = html.matches(of: /\ id="([^"]*)"/).map { String($0.1) }
        #expect(Set(ids).count == ids.count)
        let described = html.matches(of: /aria-describedby="([^"]*)"/).flatMap { $0.1.split(separator: " ") }
        let targets =
            described.map(String.init)
            + html.matches(of: /\ for="([^"]*)"/).map { String($0.1) }
            + html.matches(of: /href="#([^"]*)"/).map { String($0.1) }
        #expect(!targets.isEmpty)
        #expect(Set(targets).isSubset(of: ids))
    }
}
