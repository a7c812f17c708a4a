import CRM

/// What the pages that respondents see have in common: the frame, the style and the escaping.
///
/// The pages work without scripts and load nothing; every value is escaped when it is rendered.
enum PublicPage {
    /// What a page may do, for the `Content-Security-Policy` header.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    private static let templates = TemplateSet(
        [
            "page": PackageResources.page_mustache,
            "style": PackageResources.page_css,
            "survey": PackageResources.survey_mustache,
            "scale": PackageResources.scale_mustache,
            "choice": PackageResources.choice_mustache,
            "freeText": PackageResources.free_text_mustache,
            "thanks": PackageResources.thanks_mustache,
            "notice": PackageResources.notice_mustache,
            "password": PackageResources.password_mustache,
        ], escaping: .markup)

    /// The document of `template` in the frame of all pages.
    static func render(
        _ template: String, language: WrittenLanguage, heading: String, tenantName: String?,
        _ values: [String: Any]
    ) -> String {
        var values = values
        values["lang"] = language.code
        values["dir"] = language.direction
        values["heading"] = heading
        values["tenant"] = tenantName
        return templates.render(template, values)
    }
}
