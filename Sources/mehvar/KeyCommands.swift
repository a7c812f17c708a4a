public import ArgumentParser
import CRM
import Foundation

struct KeyCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Makes, lists, rotates and revokes the API keys of a tenant.",
        subcommands: [Create.self, List.self, Rotate.self, Revoke.self])

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
            let issued = try await APIKeyService(database: deployment.database).create(
                context,
                NewKey(
                    name: name, scopes: scopes.isEmpty ? Scope.allCases : scopes,
                    expiresAt: expiresInDays.map { Date(timeIntervalSinceNow: Double($0) * 86_400) }))
            try output.print(issued)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the keys of a tenant by their prefixes.")

        @Option(help: "The tenant's slug.")
        var tenant: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let deployment = try Deployment()
            let service = APIKeyService(database: deployment.database)
            let context = try await deployment.context(tenant: tenant)
            let keys = try await everything { try await service.list(context, $0) }
            try output.print(
                keys,
                columns: [
                    "id", "name", "prefix", "created_at", "expires_at", "revoked_at", "previous_until", "last_used_at",
                    "scopes",
                ],
                rows: keys.map { key in
                    [
                        key.id.description, key.name, key.prefix, key.createdAt.short, key.expiresAt?.short ?? "",
                        key.revokedAt?.short ?? "", key.previousUntil?.short ?? "", key.lastUsedAt?.short ?? "",
                        key.scopes.map(\.rawValue).joined(separator: " "),
                    ]
                })
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives a key a new secret and prints it, once.",
            discussion: "The secret that it had stays good for the overlap, so that clients change over one by one.")

        @Option(help: "The tenant's slug.")
        var tenant: String
        @Option(help: "Hours for which the old secret stays good.")
        var overlapHours = KeyRules.usualOverlapHours
        @Argument(help: "The key's id, as `mehvar key list` shows it.")
        var id: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let id = APIKey.ID(id) else { throw ValidationError("\"\(id)\" is no key's id.") }
            let deployment = try Deployment()
            let issued = try await APIKeyService(database: deployment.database)
                .rotate(try await deployment.context(tenant: tenant), id, overlapHours: overlapHours)
            try output.print(issued)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a key at once.",
            discussion: "Servers behind a pooler that passes no notifications on notice within 5 seconds.")

        @Option(help: "The tenant's slug.")
        var tenant: String
        @Argument(help: "The key's id, as `mehvar key list` shows it.")
        var id: String

        func run() async throws {
            guard let id = APIKey.ID(id) else { throw ValidationError("\"\(id)\" is no key's id.") }
            let deployment = try Deployment()
            let key = try await APIKeyService(database: deployment.database)
                .revoke(try await deployment.context(tenant: tenant), id)
            print("key \(key.id) (\(key.name)) is revoked")
        }
    }
}

extension OutputOptions {
    /// The one time that a key's secret is shown.
    fileprivate func print(_ issued: IssuedKey) throws {
        let key = issued.key
        try print(
            issued, columns: ["id", "key", "name", "expires_at"],
            rows: [[key.id.description, issued.secret, key.name, key.expiresAt?.short ?? "never"]])
        note("Keep the key now: it is not shown again.")
    }
}

extension Scope: ExpressibleByArgument {}
