/// The words of an invitation: the HTML and the text part of one message.
///
/// Persian and other right-to-left languages are laid out from the right. All values are plain text; they are escaped
/// when they are rendered.
public struct InvitationMail: Sendable {
    /// A BCP 47 tag.
    public var languageCode: String
    public var tenantName: String
    /// `nil` greets without a name.
    public var recipientName: String?
    public var subject: String
    /// What the tenant writes before the question; an empty line starts a paragraph.
    public var message: String
    /// The survey's first question.
    public var question: String
    /// Whether the question takes a score from 0 to 10: then each score is a link of its own, else there is one link.
    public var asksScore: Bool
    /// The respondent's own link, without a query.
    public var surveyURL: String
    public var unsubscribeURL: String

    public init(
        languageCode: String, tenantName: String, recipientName: String?, subject: String, message: String,
        question: String, asksScore: Bool, surveyURL: String, unsubscribeURL: String
    ) {
        self.languageCode = languageCode
        self.tenantName = tenantName
        self.recipientName = recipientName
        self.subject = subject
        self.message = message
        self.question = question
        self.asksScore = asksScore
        self.surveyURL = surveyURL
        self.unsubscribeURL = unsubscribeURL
    }

    /// The HTML part: a document that loads nothing, with lines of any length.
    public func renderHTML() -> String {
        InvitationMail.html.render("invitation", values())
    }

    /// The text part, its lines ended by `\n`; `surveyURL` and `unsubscribeURL` each stand alone on a line.
    public func renderText() -> String {
        InvitationMail.text.render("invitation", values())
    }

    private static let html = TemplateSet(
        ["invitation": PackageResources.invitation_html_mustache], escaping: .markup)
    private static let text = TemplateSet(["invitation": PackageResources.invitation_txt_mustache], escaping: .none)

    private func values() -> [String: Any] {
        let language = WrittenLanguage(languageCode)
        let words = InvitationText.of(language)
        var values: [String: Any] = [
            "lang": languageCode,
            "dir": language.direction,
            "start": language.start,
            "end": language.end,
            "font": words.font,
            "tenant": tenantName,
            "subject": subject,
            "greeting": words.greeting(recipientName),
            "paragraphs": InvitationMail.paragraphs(message),
            "question": question,
            "surveyURL": surveyURL,
            "unsubscribeURL": unsubscribeURL,
            "open": words.open,
            "follow": words.follow,
            "reason": words.reason(tenantName),
            "unsubscribe": words.unsubscribe,
        ]
        if asksScore {
            values["scale"] =
                [
                    "halves": [0...5, 6...10].map { half in
                        ["scores": half.map { ["url": "\(surveyURL)?score=\($0)", "digits": language.digits($0)] }]
                    },
                    "lowest": language.digits(0),
                    "low": words.low,
                    "highest": language.digits(10),
                    "high": words.high,
                ] as [String: Any]
        }
        return values
    }

    /// The lines of each paragraph.
    private static func paragraphs(_ message: String) -> [[String: [String]]] {
        message.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .split(whereSeparator: { $0.allSatisfy(\.isWhitespace) })
            .map { ["lines": $0.map(String.init)] }
    }
}
