import Glibc

/// The PostgreSQL server that the tests run on.
public enum TestServer {
    /// The variable that names the server: a libpq URL of a superuser, such as
    /// `postgresql:///postgres?host=/tmp/run&user=postgres`.
    public static let variable = "MEHVAR_TEST_DATABASE_URL"

    public static let url: String = {
        guard let value = getenv(variable) else {
            fatalError("\(variable) is not set: `deploy/test` starts a server for the tests and sets it")
        }
        return String(cString: value)
    }()

    /// The same URL with another database.
    public static func url(database: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url + " dbname=\(database)" }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let query = rest.drop { $0 != "?" }
        return url[..<scheme.upperBound] + authority + "/" + database + query
    }
}
