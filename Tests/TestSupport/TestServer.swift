import Glibc
public import Postgres

/// The PostgreSQL server that the tests run on.
public enum TestServer {
    /// The variable that names what the wrapper under test connects to: a libpq URL of a superuser, such as
    /// `postgresql:///postgres?host=/tmp/run&user=postgres`.
    public static let variable = "MEHVAR_TEST_DATABASE_URL"
    /// The variable that names the server itself, when a pooler stands before it.
    public static let serverVariable = "MEHVAR_TEST_SERVER_URL"
    /// The variable that is `unprepared` when the pooler in between hands each transaction to any session.
    public static let statementsVariable = "MEHVAR_TEST_STATEMENTS"

    public static let url: String = {
        guard let value = environment(variable) else {
            fatalError("\(variable) is not set: `deploy/test` starts a server for the tests and sets it")
        }
        return value
    }()

    /// The server itself, which databases are made on and sessions are observed and ended on, past any pooler.
    public static let serverURL = environment(serverVariable) ?? url

    /// Whether a pooler in transaction mode is in between: then a session's state, its pid and its prepared statements
    /// do not outlive a transaction.
    public static let isPooled = environment(statementsVariable) == "unprepared"

    /// How the wrapper has to send statements to ``url``.
    public static let statementMode: StatementMode = isPooled ? .unprepared : .prepared

    /// The folder of the server's own Unix socket.
    public static let host = folder(in: serverURL)

    /// The folder of the Unix socket that ``url`` leads to: the pooler's, where there is one.
    public static let frontHost = folder(in: url)

    /// ``url`` with another database.
    public static func url(database: String) -> String { replacing(database: database, in: url) }

    /// ``serverURL`` with another database.
    public static func serverURL(database: String) -> String { replacing(database: database, in: serverURL) }

    private static func folder(in url: String) -> String {
        guard let value = url.firstRange(of: "host=") else { return "/var/run/postgresql" }
        return decoded(url[value.upperBound...].prefix { $0 != "&" && $0 != " " })
    }

    private static func replacing(database: String, in url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url + " dbname=\(database)" }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let query = rest.drop { $0 != "?" }
        return url[..<scheme.upperBound] + authority + "/" + database + query
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func decoded(_ text: Substring) -> String {
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        var bytes = Array((parts.first ?? "").utf8)
        for part in parts.dropFirst() {
            bytes += UInt8(part.prefix(2), radix: 16).map { [$0] } ?? []
            bytes += part.dropFirst(2).utf8
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
