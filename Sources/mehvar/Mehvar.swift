import ArgumentParser
import CRM
import Foundation
import Postgres

/// `mehvar`: what administrators do at the command line.
@main
struct Mehvar: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mehvar",
        abstract: "Administers a Mehvar deployment.",
        discussion: """
            The database is named by MEHVAR_DATABASE_URL, a libpq URL without a user; the roles mehvar_owner, mehvar_platform, \
            mehvar_app and mehvar_queue are used as the command needs them. Passwords, if the server asks for any, come from libpq's password file.

            A first tour:
              mehvar migrate
              mehvar tenant create --slug parsian --name "Parsian Music"
              mehvar member invite --tenant parsian --name "Sara" --email sara@parsian.example --role owner
              mehvar key create --tenant parsian --name laptop
              mehvar import customers --tenant parsian customers.csv
              mehvar import orders --tenant parsian orders.csv
              mehvar report nps --tenant parsian
            """,
        subcommands: [
            Migrate.self, Backup.self, Restore.self, TenantCommands.self, MemberCommands.self, KeyCommands.self,
            Import.self, Report.self,
            JobCommands.self, PlatformKeyCommands.self, SigningKeyCommands.self,
        ])

    /// Explains errors in one line, without a trace.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ServiceError {
            fail(error.explanation)
        } catch let error as PostgresError {
            fail(error.explanation)
        } catch let error as any CustomStringConvertible & Error
            where error is MigrationError || error is SettingsError
            || error is SigningKeysError
        {
            fail(error.description)
        } catch {
            exit(withError: error)
        }
    }

    private static func fail(_ text: String) -> Never {
        FileHandle.standardError.write(Data("mehvar: \(text)\n".utf8))
        Foundation.exit(1)
    }
}

/// The connections that a command makes.
struct Deployment {
    let settings: Settings

    init() throws { settings = try Settings() }

    private func pool(_ role: DatabaseRole) -> Pool {
        Pool(settings.configuration(as: role, application: "mehvar", connections: 2))
    }

    var platform: PlatformDatabase { PlatformDatabase(pool: pool(.platform)) }

    var tenants: TenantService { TenantService(database: platform) }

    var database: Database { Database(pool: pool(.app)) }

    /// Sees the jobs of all tenants.
    var queue: Pool { pool(.queue) }

    /// The context of the tenant with this short name.
    func context(tenant slug: String) async throws -> TenantContext {
        do {
            return .cli(tenant: try await tenants.find(slug: slug).id)
        } catch ServiceError.notFound {
            throw ValidationError("There is no tenant \"\(slug)\". `mehvar tenant list` shows them.")
        }
    }
}

extension PostgresError {
    fileprivate var explanation: String {
        if state == .undefinedTable || state == .invalidSchemaName {
            return "The database has no schema yet, or an older one: run `mehvar migrate`."
        }
        guard case .connection(let why) = reason else { return "\(self)" + (report.map { ": \($0.message)" } ?? "") }
        return "connection failed: \(why)\nMEHVAR_DATABASE_URL names the database; see `mehvar --help`."
    }
}

extension ServiceError {
    var explanation: String {
        switch self {
        case .invalid(let errors):
            errors.map { error in
                let place = error.row.map { "row \($0), \(error.column ?? "row")" } ?? error.pointer
                return "\(place): \(error.detail)"
            }.joined(separator: "\n        ")
        case .notFound(let kind): "There is no such \(kind)."
        case .conflict(_, let detail): detail
        case .stale: "The object has changed meanwhile; try again."
        case .unauthenticated: "Not signed in."
        case .forbidden(let scope): "The scope \(scope) is missing."
        case .tenantSuspended: "The tenant is suspended."
        case .lockedOut: "Too many wrong passwords for the address."
        case .deadLink: "The link has ended."
        case .membersOnly: "Only a member who has signed in can do it."
        case .ownersOnly: "Only an owner can do it."
        case .overloaded: "Too many wait for the same."
        case .inFlight, .keyReused, .replay: "The request was made before."
        }
    }
}
