import CRM
import Foundation

/// The page after an answer was recorded, and on a later visit.
struct ThanksPage: Sendable {
    /// A BCP 47 tag.
    var languageCode: String
    var tenantName: String
    /// The survey's own thanks, if it has any.
    var thanks: String?
    /// How the answer can still be changed; `nil` when it is final.
    var change: Change?

    struct Change: Sendable {
        var until: Date
        /// The tenant's, in which `until` is shown.
        var timeZone: TimeZone
        /// Where the form with the answer is.
        var path: String
    }

    func render() -> String {
        let text = PageText.of(languageCode)
        let language = WrittenLanguage(languageCode)
        var values: [String: Any] = ["recorded": text.recorded]
        values["thanks"] = thanks
        if let change {
            let until = language.minute(of: change.until, in: change.timeZone)
            values["state"] = text.changeable.replacing("UNTIL", with: until)
            values["link"] = ["path": change.path, "label": text.change]
        } else {
            values["state"] = text.unchangeable
        }
        return PublicPage.render(
            "thanks", language: language, heading: text.thanksHeading, tenantName: tenantName, values)
    }
}
