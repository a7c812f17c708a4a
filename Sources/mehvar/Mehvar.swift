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

            A command ends with 0 when it is done, with 1 when that failed (there is no such tenant, the database is away), and with 64, \
            telling its usage, when the command line or the configuration is wrong.

            A first tour:
              mehvar migrate
              mehvar tenant create --slug parsian --name "Parsian Music" --sender-address survey@parsian.example
              mehvar member invite --tenant parsian --name "Sara" --email sara@parsian.example --role owner
              mehvar key create --tenant parsian --name laptop
              mehvar import customers --tenant parsian customers.csv
              mehvar import orders --tenant parsian orders.csv
              mehvar report nps --tenant parsian
            """,
        version: Release.version,
        subcommands: [
            Migrate.self, Backup.self, Restore.self, TenantCommands.self, MemberCommands.self, KeyCommands.self,
            Import.self, Report.self,
            JobCommands.self, PlatformKeyCommands.self, SigningKeyCommands.self,
        ])

    /// Explains errors without a trace, and tells what was called wrongly from what failed.
    static func main() async {
        var kind: any ParsableCommand.Type = Self.self
        do {
            var command = try parseAsRoot()
            kind = type(of: command)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ValidationError {
            Ending.misuse(error.message, of: kind)
        } catch let error as SettingsError {
            Ending.misuse(error.description, of: kind)
        } catch ServiceError.invalid(let faults) where faults.allSatisfy({ $0.row == nil }) {
            Ending.misuse(faults.map(\.flagged).joined(separator: "\n       "), of: kind)
        } catch let error as ServiceError {
            Ending.failure(error.explanation)
        } catch let error as PostgresError {
            Ending.failure(error.explanation)
        } catch let error as any CustomStringConvertible & Error
            where error is Failure || error is MigrationError || error is SigningKeysError
        {
            Ending.failure(error.description)
        } catch {
            exit(withError: error)
        }
    }
}

/// The connections that a command makes.
struct Deployment {
    let settings: Settings

    init() throws {
        settings = try Settings()
        for warning in settings.warnings { tell("Warning: \(warning)") }
    }

    private func pool(_ role: DatabaseRole) -> Pool {
        Pool(settings.configuration(as: role, application: "mehvar", connections: 2))
    }

    var platform: PlatformDatabase { PlatformDatabase(pool: pool(.platform)) }

    var tenants: TenantService { TenantService(database: platform) }

    var database: Database { Database(pool: pool(.app)) }

    /// Sees the jobs of all tenants.
    var queue: Pool { pool(.queue) }

    /// The tenant with this short name.
    func tenant(_ slug: String) async throws -> Tenant {
        do {
            return try await tenants.find(slug: slug)
        } catch ServiceError.notFound {
            throw Failure("There is no tenant \"\(slug)\". `mehvar tenant list` shows them.")
        }
    }

    func context(tenant slug: String) async throws -> TenantContext { .cli(tenant: try await tenant(slug).id) }
}
