/// The fixed texts of an invitation in one language.
struct InvitationText: Sendable {
    var font: String
    /// `NAME` stands for the recipient's name.
    var named: String
    var unnamed: String
    var low: String
    var high: String
    var open: String
    var follow: String
    /// `TENANT` stands for the tenant's name.
    var sentBecause: String
    var unsubscribe: String

    /// The texts for a language; English where there is no translation.
    static func of(_ language: WrittenLanguage) -> InvitationText {
        language.primary == "fa" ? persian : english
    }

    func greeting(_ name: String?) -> String {
        guard let name, !name.isEmpty else { return unnamed }
        return named.replacing("NAME", with: name)
    }

    func reason(_ tenantName: String) -> String {
        sentBecause.replacing("TENANT", with: tenantName)
    }

    private static let persian = InvitationText(
        font: "Vazirmatn, 'Noto Sans Arabic', 'Segoe UI', Tahoma, Arial, sans-serif",
        named: "NAME گرامی،",
        unnamed: "سلام،",
        low: "اصلاً محتمل نیست",
        high: "بسیار محتمل است",
        open: "پاسخ به نظرسنجی",
        follow: "برای پاسخ دادن، این پیوند را باز کنید:",
        sentBecause: "این پیام را به عنوان مشتری TENANT دریافت کرده‌اید.",
        unsubscribe: "دیگر نظرسنجی دریافت نمی‌کنم")

    private static let english = InvitationText(
        font: "-apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif",
        named: "Dear NAME,",
        unnamed: "Hello,",
        low: "not at all likely",
        high: "extremely likely",
        open: "Answer the survey",
        follow: "To answer, open this link:",
        sentBecause: "You receive this message as a customer of TENANT.",
        unsubscribe: "Stop receiving surveys")
}
