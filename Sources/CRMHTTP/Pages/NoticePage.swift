import CRM

/// A page that only tells something: that a link leads nowhere, that it is too late, that a wish was carried out.
struct NoticePage: Sendable {
    /// A BCP 47 tag; ``PageText/preferredLanguage(_:)`` finds one where no survey says it.
    var languageCode: String
    var kind: Kind
    /// `nil` when the link does not tell whose survey it is.
    var tenantName: String?

    enum Kind: Sendable, Hashable {
        /// No invitation has this token.
        case unknownLink
        /// The invitation's time is over.
        case expired
        /// The survey takes no more answers.
        case closed
        /// Asks whether to unsubscribe; its form posts to the path.
        case confirmUnsubscribe(action: String)
        case unsubscribed
        case tooManyRequests
        /// The database is away.
        case tryLater
        case serverError
    }

    /// The HTTP status with which the page is served.
    var status: Int {
        switch kind {
        case .unknownLink: 404
        case .expired, .closed: 410
        case .confirmUnsubscribe, .unsubscribed: 200
        case .tooManyRequests: 429
        case .tryLater: 503
        case .serverError: 500
        }
    }

    func render() -> String {
        let text = PageText.of(languageCode)
        let notice = text.notices(kind)
        let sender = tenantName ?? text.sender
        var values: [String: Any] = ["paragraphs": notice.body.map { $0.replacing("SENDER", with: sender) }]
        if case .confirmUnsubscribe(let action) = kind {
            values["confirmation"] = ["action": action, "label": text.confirmUnsubscribe]
        }
        return PublicPage.render(
            "notice", language: WrittenLanguage(languageCode), heading: notice.heading, tenantName: tenantName, values)
    }
}
