/// What a member signs in with beside the password, as letters and pages tell it.
package struct SignInDetails: Sendable {
    /// The `label` and the `value` of each, as templates take them.
    package let rows: [[String: String]]

    package init(_ member: LinkedMember, in language: WrittenLanguage) {
        let labels =
            language.primary == "fa"
            ? ["کسب‌وکار", "نام کوتاه کسب‌وکار", "نام کاربری"]
            : ["Business", "Short name of the business", "Your address"]
        rows = zip(labels, [member.tenantName, member.tenantSlug, member.email]).map { ["label": $0, "value": $1] }
    }
}
