/// A server's complete reply (RFC 5321 section 4.2), made fit for logs.
struct SMTPReply: Hashable {
    let code: Int
    /// The enhanced status code of RFC 3463, if the text starts with one.
    let enhancedStatus: String?
    /// The text in one line of at most 200 characters, without the codes and with words that hold an `@` or a secret
    /// replaced; `nil` if nothing is left.
    let text: String?

    /// - Parameters:
    ///   - lines: The reply's lines, each with its code.
    ///   - secrets: What must not be told; those of less than three characters are ignored.
    /// - Returns: `nil` if the last line does not begin with a code.
    init?(lines: [String], secrets: [String] = []) {
        guard let last = lines.last, let code = Int(last.prefix(3)), (200...599).contains(code) else { return nil }
        self.code = code
        var texts = lines.map { $0.dropFirst(4).drop(while: \.isWhitespace) }
        let status = texts.last.flatMap { Self.enhancedStatus($0, class: code / 100) }
        enhancedStatus = status
        if let status {
            texts = texts.map { $0.hasPrefix(status) ? $0.dropFirst(status.count) : $0 }
        }
        let secrets = secrets.filter { $0.count >= 3 }.map { $0.lowercased() }
        let words = texts.joined(separator: " ")
            .split { $0.isWhitespace || $0.unicodeScalars.contains(where: \.breaksHeader) }
            .map { word -> Substring in
                let lowercased = word.lowercased()
                return word.contains("@") || secrets.contains(where: lowercased.contains) ? "<redacted>" : word
            }
        text = words.isEmpty ? nil : String(words.joined(separator: " ").prefix(200))
    }

    private static func enhancedStatus(_ text: Substring, class digit: Int) -> String? {
        let status = text.prefix { !$0.isWhitespace }
        let parts = status.split(separator: ".", omittingEmptySubsequences: false)
        let isStatus =
            parts.count == 3 && parts[0] == "\(digit)"
            && parts.allSatisfy { (1...3).contains($0.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        return isStatus ? String(status) : nil
    }
}
