extension String {
    /// Without line breaks, tabs and other controls, none of which a mail's header takes.
    var inOneLine: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control || ["\u{2028}", "\u{2029}"].contains(scalar)
                        ? " " : scalar
                }))
    }
}
