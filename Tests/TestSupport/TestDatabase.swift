import Glibc
public import Postgres
import Synchronization

/// A database of its own for one test or suite.
public struct TestDatabase: Sendable {
    public let name: String
    /// The server of its own that it is on, instead of the one that all tests share.
    private var server: OwnServer?

    private static let counter = Atomic<UInt64>(0)

    /// Creates a database with a unique name as a copy of `template`, to which nothing may be connected.
    public static func create(template: String? = nil) async throws -> TestDatabase {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "test_\(getpid())_\(UInt32.random(in: .min ... .max))_\(number)"
        try await administer("CREATE DATABASE \"\(name)\" TEMPLATE \"\(template ?? "template0")\"")
        return TestDatabase(name: name)
    }

    /// Creates the only database of a server of its own.
    static func create(on server: OwnServer) async throws -> TestDatabase {
        try await server.execute("CREATE DATABASE test")
        return TestDatabase(name: "test", server: server)
    }

    private init(name: String, server: OwnServer? = nil) {
        self.name = name
        self.server = server
    }

    /// The database `postgres`, from which others are looked after.
    public static let administrative = TestDatabase(name: "postgres")

    /// The libpq URL of the database, with the superuser of the server.
    public var url: String { server?.url(database: name) ?? TestServer.url(database: name) }

    /// The same without a user, as a deployment is told of its database.
    public var settingURL: String {
        let url = url
        guard let mark = url.firstIndex(of: "?") else { return url }
        let query = url[mark...].dropFirst().split(separator: "&").filter { !$0.hasPrefix("user=") }
        return url[..<mark] + "?" + query.joined(separator: "&")
    }

    /// ``url`` past any pooler.
    public var serverURL: String { server?.url(database: name) ?? TestServer.serverURL(database: name) }

    /// How to reach the database as `user`, by default as the server's superuser.
    public func configuration(user: String? = nil, maximumConnections: Int = 8) -> Postgres.Configuration {
        var configuration = Configuration(
            url: url, user: user, applicationName: name, maximumConnections: maximumConnections,
            acquireTimeout: .seconds(60), connectTimeout: .seconds(60))
        configuration.statementMode = server == nil ? TestServer.statementMode : .prepared
        return configuration
    }

    /// Removes the database and ends whatever is connected to it.
    public func drop() async throws {
        try await Self.administer("DROP DATABASE IF EXISTS \"\(name)\" WITH (FORCE)")
    }

    /// Runs a script on the database as the superuser, past any pooler.
    public func execute(_ script: String) async throws {
        try await Self.execute(script, at: serverURL, name: "test")
    }

    private static func administer(_ script: String) async throws {
        try await execute(script, at: TestServer.serverURL, name: "test.database")
    }

    private static func execute(_ script: String, at url: String, name: String) async throws {
        let configuration = Configuration(url: url, applicationName: "tests", connectTimeout: .seconds(60))
        try await Connection.with(configuration) { try await $0.execute(script: script, name: name) }
    }
}

/// Lends a database of its own to the closure and drops it afterwards, also when the closure throws.
public func withDatabase<Result>(
    template: String? = nil, _ body: (TestDatabase) async throws -> Result
) async throws -> Result {
    let database = try await TestDatabase.create(template: template)
    do {
        let result = try await body(database)
        try await database.drop()
        return result
    } catch {
        // The error of the test matters more than one of cleaning up after it.
        do { try await database.drop() } catch { print("cannot drop \(database.name): \(error)") }
        throw error
    }
}
