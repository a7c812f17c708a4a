import Foundation

extension TextRule {
    /// A language as objects have it.
    public static let language = matching("[a-z]{2,3}", "invalid", "An ISO 639 code such as fa or en.") { text in
        (2...3).contains(text.utf8.count) && text.utf8.allSatisfy { (0x61...0x7A).contains($0) }
    }

    public static let timeZone = TextRule(
        .string.length(1...100), "unknown", "An IANA time zone such as Asia/Tehran."
    ) { text in
        // Names that Foundation and PostgreSQL read alike: not GMT+3, whose sign they turn around, nor old abbreviations.
        text == "UTC" || text.contains("/") && TimeZone(identifier: text) != nil
    }

    public static let currency = matching("[A-Z]{3}", "invalid", "An ISO 4217 code such as IRR.") { text in
        currencies.contains(text)
    }

    private static let currencies = Set(Locale.Currency.isoCurrencies.map(\.identifier))

    /// An amount of money in digits.
    public static let amount = matching(
        "-?[0-9]{1,14}(\\.[0-9]{1,4})?", "invalid", "A number in a string, such as \"12.50\"."
    ) {
        Decimal(plain: $0) != nil
    }
}
