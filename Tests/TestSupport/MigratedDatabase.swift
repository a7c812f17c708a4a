public import CRM
public import Foundation
import Postgres

/// Lends a database with roles and schema as a deployment has them.
public func withMigratedDatabase<Result>(
    _ body: (TestDatabase) async throws -> Result
) async throws -> Result {
    try await withDatabase(template: MigratedDatabase.template.value.name, body)
}

/// The same on a server of its own, which is running and has no other.
public func withMigratedDatabase<Result>(
    on server: OwnServer, _ body: (TestDatabase) async throws -> Result
) async throws -> Result {
    let database = try await TestDatabase.create(on: server)
    try await MigratedDatabase.migrate(database)
    return try await body(database)
}

/// A tenant of a test's database, and the application's way to it.
public struct TestTenant: Sendable {
    /// The command line's context, which may do everything.
    public let context: TenantContext
    public let database: Database
}

/// Creates a tenant through the service that makes tenants.
public func makeTenant(
    in database: TestDatabase, slug: String, locale: String = "fa", currency: String = "IRR"
) async throws -> TestTenant {
    let tenant = try await TenantService(database: database.platform).create(
        .cli,
        NewTenant(
            slug: slug, name: slug, locale: locale, currency: currency, senderAddress: "survey@\(slug).example"))
    return TestTenant(
        context: .cli(tenant: tenant.id),
        database: Database(pool: Pool(database.configuration(user: "mehvar_app"))))
}

extension TestDatabase {
    /// The deployment's own way to the database.
    public var platform: PlatformDatabase {
        PlatformDatabase(pool: Pool(configuration(user: "mehvar_platform", maximumConnections: 2)))
    }
}

/// Runs `sql/roles.sql` on the database, as a deployment does before the first migration and after each new role.
public func applyRoles(to database: TestDatabase) async throws {
    try await MigratedDatabase.createRoles(in: database)
}

/// The folder `sql` of the project.
public let sqlDirectory = MigratedDatabase.sqlDirectory

enum MigratedDatabase {
    /// The database that the others are copies of: made once by each process.
    static let template = Task {
        let database = try await TestDatabase.create()
        try await migrate(database)
        return database
    }

    fileprivate static func migrate(_ database: TestDatabase) async throws {
        try await createRoles(in: database)
        // Past any pooler, whose sessions would stay on the template.
        var configuration = database.configuration(user: "mehvar_owner")
        configuration.url = database.serverURL
        configuration.statementMode = .prepared
        let migrator = Migrator(configuration: configuration, directory: sqlDirectory)
        try await migrator.migrate()
    }

    static let sqlDirectory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "sql")

    fileprivate static func createRoles(in database: TestDatabase) async throws {
        try await Roles.shared.create(in: database)
    }

    struct RolesFailed: Error {
        let status: Int32
    }
}

/// Makes the roles in one database after the other: PostgreSQL refuses to change one in two sessions at once.
private actor Roles {
    static let shared = Roles()

    func create(in database: TestDatabase) throws {
        let psql = Process()
        psql.executableURL = URL(filePath: "/usr/bin/env")
        psql.arguments = [
            "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", database.serverURL, "-f",
            MigratedDatabase.sqlDirectory.appending(path: "roles.sql").path,
        ]
        psql.standardOutput = FileHandle.nullDevice
        try psql.run()
        psql.waitUntilExit()
        guard psql.terminationStatus == 0 else { throw MigratedDatabase.RolesFailed(status: psql.terminationStatus) }
    }
}
