public import ArgumentParser
import CRM
import Foundation

struct KeyCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes, lists and revokes the API keys of a tenant.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key and prints it, once.",
            discussion: "Scopes: \(Scope.allCases.map(\.rawValue).joined(separator: ", ")).")

        @Option(help: "The tenant's slug.")
        var tenant: String
        @Option(help: "What the key is for.")
        var name: String
        @Option(name: .customLong("scope"), help: "What the key may do; may stand several times (default: everything).")
        var scopes: [Scope] = []
        @Option(help: "Days until the key ends (default: never).")
        var expiresInDays: Int?

        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let expiresInDays, !(1...3650).contains(expiresInDays) {
                throw ValidationError("--expires-in-days is 1 to 3650.")
            }
        }

        func run() async throws {
            let deployment = try Deployment()
            let context = try await deployment.context(tenant: tenant)
            let (key, secret) = try await APIKeyService(database: deployment.database).create(
                context, name: name, scopes: Set(scopes.isEmpty ? Scope.allCases : scopes),
                expiresAt: expiresInDays.map { Date(timeIntervalSinceNow: Double($0) * 86_400) })
            let created = CreatedKey(
                id: key.id, key: secret, name: key.name, prefix: key.prefix, scopes: key.scopes,
                expiresAt: key.expiresAt)
            try output.print(
                created, columns: ["id", "key", "name", "expires_at"],
                rows: [[key.id.description, secret, key.name, key.expiresAt?.short ?? "never"]])
            if output.format == .table {
                FileHandle.standardError.write(Data("Keep the key now: it is not shown again.\n".utf8))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the keys of a tenant by their prefixes.")

        @Option(help: "The tenant's slug.")
        var tenant: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let keys = try await APIKeyService(database: deployment.database)
                .list(try await deployment.context(tenant: tenant))
            try output.print(
                keys, columns: ["id", "name", "prefix", "created_at", "expires_at", "revoked_at", "last_used_at"],
                rows: keys.map { key in
                    [
                        key.id.description, key.name, key.prefix, key.createdAt.short, key.expiresAt?.short ?? "",
                        key.revokedAt?.short ?? "", key.lastUsedAt?.short ?? "",
                    ]
                })
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a key.", discussion: "Running servers notice within 5 seconds.")

        @Option(help: "The tenant's slug.")
        var tenant: String
        @Argument(help: "The key's id, as `mehvar key list` shows it.")
        var id: String

        func run() async throws {
            guard let id = APIKey.ID(id) else { throw ValidationError("\"\(id)\" is no key's id.") }
            let deployment = try Deployment()
            try await APIKeyService(database: deployment.database)
                .revoke(try await deployment.context(tenant: tenant), id)
        }
    }
}

/// The one time that a key's secret is shown.
private struct CreatedKey: Encodable {
    let id: APIKey.ID
    let key: String
    let name: String
    let prefix: String
    let scopes: [Scope]
    let expiresAt: Date?
}

extension Scope: ExpressibleByArgument {}
