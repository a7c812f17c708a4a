import ArgumentParser
import CRM
import Foundation
import Postgres

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Brings the database's schema up to date.",
        discussion: """
            Applies the files of MEHVAR_SQL_DIR (default: sql) that were not applied yet, as mehvar_owner. Servers refuse to \
            start on a schema that is behind.
            """)

    @Flag(help: "Only show what was applied, and what would be.")
    var status = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let deployment = try Deployment()
        let migrator = Migrator(
            configuration: deployment.settings.configuration(as: .owner, application: "mehvar migrate"),
            directory: deployment.settings.sqlDirectory)
        if !status {
            var applied = 0
            try await migrator.migrate { migration in
                tell("applying \(migration.number)_\(migration.name)")
                applied += 1
            }
            output.note(applied == 0 ? "nothing to apply: the schema is up to date" : "the schema is up to date")
        }
        let found = try await migrator.status()
        try output.print(
            found, columns: ["number", "name", "applied_at"],
            rows: found.map { [String($0.number), $0.name, $0.appliedAt?.short ?? "pending"] })
    }
}
