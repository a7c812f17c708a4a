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

    /// What was wrong with what was typed; those that a service finds are named by its codes.
    enum Problem: String, Sendable { case length, repetitive, common, personal, unchanged, different }

    /// A BCP 47 tag.
    let languageCode: String
    let state: State
    /// Whose link it is, where that is known.
    let member: LinkedMember?
    /// Where the form is sent.
    let action: String
    /// Where programs sign in.
    let place: String

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
            form["problem"] = problem.map(text.problem)
            form["details"] = details
            values["form"] = form
            values["errorPrefix"] = problem == nil ? nil : text.errorPrefix
        case .done:
            (heading, values["paragraph"]) = (text.doneHeading, text.done)
            values["details"] = details + [["label": text.place, "value": place]]
        case .deadLink: (heading, values["paragraph"]) = (text.deadHeading, text.dead)
        case .suspended: (heading, values["paragraph"]) = (text.suspendedHeading, text.suspended)
        case .tryLater: (heading, values["paragraph"]) = (text.laterHeading, text.later)
        }
        return PublicPage.render(
            "password", language: WrittenLanguage(languageCode), heading: heading, tenantName: member?.tenantName,
            values)
    }
}

extension PasswordPage {
    /// What the member signs in with.
    private var details: [[String: String]] {
        member.map { SignInDetails($0, in: WrittenLanguage(languageCode)).rows } ?? []
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
    var problems: [PasswordPage.Problem: String]
    var errorPrefix: String
    var doneHeading: String
    var done: String
    var place: String
    var deadHeading: String
    var dead: String
    var suspendedHeading: String
    var suspended: String
    var laterHeading: String
    var later: String

    func problem(_ problem: PasswordPage.Problem) -> String { problems[problem] ?? rule }

    static func of(_ language: WrittenLanguage) -> PasswordPageText { language.primary == "fa" ? persian : english }

    private static let persian = PasswordPageText(
        invitationHeading: "یک گذرواژه انتخاب کنید", resetHeading: "گذرواژهٔ تازه‌ای انتخاب کنید", email: "نام کاربری",
        password: "گذرواژه", again: "گذرواژه، یک بار دیگر",
        rule: "دست‌کم ده نویسه. چند واژهٔ بی‌ربط، بهتر از یک واژهٔ پیچیده است.", submit: "ذخیرهٔ گذرواژه",
        problems: [
            .length: "این گذرواژه کوتاه یا بیش از اندازه بلند است: دست‌کم ده نویسه.",
            .repetitive: "این گذرواژه تکراری است یا فقط حروف، رقم‌ها یا کلیدهای پشت سر هم است.",
            .common: "این گذرواژه از پرکاربردترین‌هاست و زود حدس زده می‌شود.",
            .personal: "این گذرواژه تقریباً همان نام یا نشانی شماست.",
            .unchanged: "این همان گذرواژهٔ پیشین است.", .different: "دو گذرواژه یکسان نیستند.",
        ],
        errorPrefix: "خطا", doneHeading: "گذرواژه ذخیره شد",
        done:
            "از این پس با گذرواژهٔ تازه در برنامه‌ای که کسب‌وکارتان به کار می‌برد وارد می‌شوید. این صفحه را می‌توانید ببندید. برای ورود این‌ها لازم است:",
        place: "نشانی ورود برای برنامه‌ها",
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
        submit: "Save the password",
        problems: [
            .length: "That is too short or far too long: at least ten characters.",
            .repetitive: "That repeats itself, or is a row of letters, digits or keys.",
            .common: "That is one of the most common passwords, which are tried first.",
            .personal: "That is little more than your own name or address.",
            .unchanged: "That is the password that you have already.", .different: "The two are not the same.",
        ],
        errorPrefix: "Error", doneHeading: "The password is saved",
        done:
            "You sign in with it from now on, in the program that your business uses. You can close this page. To sign in you need:",
        place: "Where programs sign in",
        deadHeading: "This link does not work any more",
        dead:
            "It was used before, or its time is over. Ask for a new one, or ask whoever invited you to send the invitation again.",
        suspendedHeading: "This account cannot be used now",
        suspended: "Your business is suspended for the time being.",
        laterHeading: "Please try again in a few minutes",
        later: "The service is away for the moment. Your link stays good.")
}
