/// What names the deployment's database.
enum DatabaseURL {
    static let usual = "postgresql:///mehvar"

    /// Why a text cannot be it; nothing of it is repeated but its scheme, since it may hold a password.
    ///
    /// libpq says itself what it does not understand; here is refused what it would take and mean something else by.
    static func fault(of text: String) -> String? {
        guard let url = text.prefixMatch(of: /([A-Za-z][A-Za-z0-9+.\-]*):\/\//) else {
            return namesUser(keywords: text) ? user : nil
        }
        guard ["postgresql", "postgres"].contains(url.1) else {
            return "is a libpq URL such as \(usual), and \(url.1):// is none"
        }
        return namesUser(url: text[url.range.upperBound...]) ? user : nil
    }

    private static let user =
        "names a user; leave that out, since each program adds the role that it works as (mehvar_app, mehvar_queue, …)"

    /// - Parameter rest: what stands behind `postgresql://`.
    private static func namesUser(url rest: Substring) -> Bool {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        if let at = authority.lastIndex(of: "@"), !authority[..<at].prefix(while: { $0 != ":" }).isEmpty { return true }
        let query = rest.drop { $0 != "?" }.dropFirst()
        return query.split(separator: "&").contains { $0 == "user" || $0.hasPrefix("user=") }
    }

    /// - Parameter text: such as `host=/run dbname=mehvar`, where a value with spaces stands in single quotes.
    private static func namesUser(keywords text: String) -> Bool {
        text.replacing(/'(?:[^'\\]|\\.)*'/, with: "").firstMatch(of: /(?:^|\s)user\s*=/) != nil
    }
}
