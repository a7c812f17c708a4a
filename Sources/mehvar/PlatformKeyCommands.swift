public import ArgumentParser
import CRM
import Foundation

struct PlatformKeyCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform-key",
        abstract: "Makes, lists and revokes keys of the platform API, which creates tenants and lets them go.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a key and prints it, once.",
            discussion: "Scopes: \(PlatformScope.allCases.map(\.rawValue).joined(separator: ", ")).")

        @Option(help: "What the key is for.")
        var name: String
        @Option(name: .customLong("scope"), help: "What the key may do; may stand several times (default: everything).")
        var scopes: [PlatformScope] = []
        @Option(help: "Days until the key ends (default: never).")
        var expiresInDays: Int?
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if let expiresInDays, !(1...3650).contains(expiresInDays) {
                throw ValidationError("--expires-in-days is 1 to 3650.")
            }
        }

        func run() async throws {
            let (key, secret) = try await PlatformKeyService(database: try Deployment().platform).create(
                .cli, name: name, scopes: scopes.isEmpty ? PlatformScope.allCases : scopes,
                expiresAt: expiresInDays.map { Date(timeIntervalSinceNow: Double($0) * 86_400) })
            try output.print(
                CreatedPlatformKey(id: key.id, name: key.name, secret: secret),
                columns: ["id", "key", "name", "expires_at"],
                rows: [[key.id.description, secret, key.name, key.expiresAt?.short ?? "never"]])
            output.note("Keep the key now: it is not shown again.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the keys by their prefixes.")

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let keys = try await PlatformKeyService(database: try Deployment().platform).list()
            try output.print(
                keys, columns: ["id", "name", "prefix", "scopes", "expires_at", "revoked_at", "last_used_at"],
                rows: keys.map { key in
                    [
                        key.id.description, key.name, key.prefix, key.scopes.map(\.rawValue).joined(separator: " "),
                        key.expiresAt?.short ?? "", key.revokedAt?.short ?? "", key.lastUsedAt?.short ?? "",
                    ]
                })
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a key at once.")

        @Argument(help: "The key's id, as `mehvar platform-key list` shows it.")
        var id: String

        func run() async throws {
            guard let id = PlatformKey.ID(id) else { throw ValidationError("\"\(id)\" is no key's id.") }
            try await PlatformKeyService(database: try Deployment().platform).revoke(.cli, id)
            print("key \(id) is revoked")
        }
    }
}

/// The one time that a key's secret is shown.
private struct CreatedPlatformKey: Encodable {
    let id: PlatformKey.ID
    let name: String
    let secret: String
}

extension PlatformScope: ExpressibleByArgument {}
