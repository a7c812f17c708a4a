import CRM

/// The page behind the link of a member's mail: a form for a password, what came of it, or that the link has ended.
///
/// Opening it changes nothing: mail scanners open every link.
struct PasswordPage: Sendable {
    enum State: Sendable, Equatable {
        /// - Parameter problem: what was wrong with the last try.
        case form(LinkedMember.ID, problem: Problem?)
        case done
        case deadLink
        case suspended
        /// The database is away, or too many choose passwords at once.
        case tryLater
    }

    enum Problem: Sendable { case weak, different }

    /// A BCP 47 tag.
    let languageCode: String
    let state: State
    /// Whose link it is, where that is known.
    let member: LinkedMember?
    /// Where the form is sent.
    let action: String

    var status: Int {
        switch state {
        case .form(_, nil), .done: 200
        case .form: 422
        case .deadLink: 410
        case .suspended: 403
        case .tryLater: 503
        }
    }

    func render() -> String {
        let text = PasswordPageText.of(WrittenLanguage(languageCode))
        var values: [String: Any] = [:]
        let heading: String
        switch state {
        case .form(_, let problem):
            heading = member?.purpose == .passwordReset ? text.resetHeading : text.invitationHeading
            var form: [String: Any] = [
                "action": action, "email": member?.email ?? "", "emailLabel": text.email,
                "passwordLabel": text.password,
                "repeatLabel": text.again, "rule": text.rule, "submit": text.submit,
                "longest": String(MemberRules.longestPassword),
            ]
            form["problem"] = problem.map { $0 == .weak ? text.weak : text.different }
            values["form"] = form
            values["errorPrefix"] = problem == nil ? nil : text.errorPrefix
        case .done: (heading, values["paragraph"]) = (text.doneHeading, text.done)
        case .deadLink: (heading, values["paragraph"]) = (text.deadHeading, text.dead)
        case .suspended: (heading, values["paragraph"]) = (text.suspendedHeading, text.suspended)
        case .tryLater: (heading, values["paragraph"]) = (text.laterHeading, text.later)
        }
        return PublicPage.render(
            "password", language: WrittenLanguage(languageCode), heading: heading, tenantName: member?.tenantName,
            values)
    }
}

extension LinkedMember {
    typealias ID = Member.ID
}

/// The fixed texts of the page in one language.
private struct PasswordPageText {
    var invitationHeading: String
    var resetHeading: String
    var email: String
    var password: String
    var again: String
    var rule: String
    var submit: String
    var weak: String
    var different: String
    var errorPrefix: String
    var doneHeading: String
    var done: String
    var deadHeading: String
    var dead: String
    var suspendedHeading: String
    var suspended: String
    var laterHeading: String
    var later: String

    static func of(_ language: WrittenLanguage) -> PasswordPageText { language.primary == "fa" ? persian : english }

    private static let persian = PasswordPageText(
        invitationHeading: "یک گذرواژه انتخاب کنید", resetHeading: "گذرواژهٔ تازه‌ای انتخاب کنید", email: "نام کاربری",
        password: "گذرواژه", again: "گذرواژه، یک بار دیگر",
        rule: "دست‌کم ده نویسه. چند واژهٔ بی‌ربط، بهتر از یک واژهٔ پیچیده است.", submit: "ذخیرهٔ گذرواژه",
        weak: "این گذرواژه ضعیف است: دست‌کم ده نویسه، و نه همه یکسان.", different: "دو گذرواژه یکسان نیستند.",
        errorPrefix: "خطا", doneHeading: "گذرواژه ذخیره شد",
        done: "از این پس با گذرواژهٔ تازه وارد می‌شوید. این صفحه را می‌توانید ببندید.",
        deadHeading: "این پیوند دیگر کار نمی‌کند",
        dead:
            "یا پیش از این به کار رفته، یا زمان آن گذشته است. پیوند تازه‌ای درخواست کنید، یا از کسی که شما را دعوت کرده است بخواهید دعوت را دوباره بفرستد.",
        suspendedHeading: "این حساب اکنون در دسترس نیست", suspended: "کسب‌وکار شما موقتاً غیرفعال است.",
        laterHeading: "لطفاً چند دقیقهٔ دیگر دوباره امتحان کنید",
        later: "سامانه موقتاً در دسترس نیست. پیوند شما همچنان معتبر است.")

    private static let english = PasswordPageText(
        invitationHeading: "Choose a password", resetHeading: "Choose a new password", email: "You sign in as",
        password: "Password", again: "Password, once more",
        rule:
            "At least ten characters. A few words that have nothing to do with each other beat one that is hard to type.",
        submit: "Save the password", weak: "That is too weak: at least ten characters, not all the same.",
        different: "The two are not the same.", errorPrefix: "Error", doneHeading: "The password is saved",
        done: "You sign in with it from now on. You can close this page.",
        deadHeading: "This link does not work any more",
        dead:
            "It was used before, or its time is over. Ask for a new one, or ask whoever invited you to send the invitation again.",
        suspendedHeading: "This account cannot be used now",
        suspended: "Your business is suspended for the time being.",
        laterHeading: "Please try again in a few minutes",
        later: "The service is away for the moment. Your link stays good.")
}
