import CRM
import CRMJobs
import Foundation
import JobQueue
import Postgres
import TestSupport
import Testing

/// `mehvar`, as a process: what it takes, what it says, and how it ends.
@Suite("The command mehvar")
struct CommandTests {
    private func mehvar(
        _ arguments: [String], on server: TestDatabase, status: Int32 = 0
    ) async throws -> Program {
        let program = try await Program.run("mehvar", arguments, on: server)
        #expect(program.status == status, "\(arguments): \(program.output)\(program.errors)")
        return program
    }

    private func object(_ program: Program) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any])
    }

    @Test func `A wrong command line ends with 64, names the flag and tells the usage of the command`() async throws {
        try await withMigratedDatabase { server in
            _ = try await makeTenant(in: server, slug: "shop")
            let file = FileManager.default.temporaryDirectory.path
            let scope = ["--scope", "scores:read"]
            let create = ["tenant", "create", "--name", "Shop", "--sender-address", "a@shop.example"]
            let cases: [([String], String, [String])] = [
                (create + ["--slug", "A B"], "tenant create", ["--slug: 2 to 63"]),
                (
                    create + ["--slug", "new", "--time-zone", "Tehran", "--currency", "Rial"], "tenant create",
                    ["--time-zone: ", "--currency: "]
                ),
                (["tenant", "create", "--slug", "new", "--name", "New"], "tenant create", ["--sender-address"]),
                (create + ["--slug", "new", "--calendar", "lunar"], "tenant create", ["--calendar"]),
                (["tenant", "erasure", "x"], "tenant erasure", ["\"x\" is no tenant's id"]),
                (
                    ["key", "create", "--tenant", "shop", "--name", "k"] + scope + scope, "key create",
                    ["--scope: Each scope once."]
                ),
                (["key", "rotate", "--tenant", "shop", "x"], "key rotate", ["\"x\" is no key's id"]),
                (
                    ["member", "invite", "--tenant", "shop", "--name", "S", "--email", "s", "--role", "owner"],
                    "member invite", ["--email: "]
                ),
                (
                    ["member", "set-role", "--tenant", "shop", "x", "--role", "owner"], "member set-role",
                    ["\"x\" is no member's id"]
                ),
                (["backup", "/x", "--compression", "10"], "backup", ["--compression is 0 to 9"]),
                (["import", "people", file, "--tenant", "shop"], "import", ["people"]),
            ]
            for (arguments, command, texts) in cases {
                let refused = try await mehvar(arguments, on: server, status: 64)
                for text in texts + ["Usage: mehvar \(command) ", "See 'mehvar \(command) --help'"] {
                    #expect(refused.errors.contains(text), "\(arguments): \(refused.errors)")
                }
                #expect(refused.output == "")
            }
            #expect(try await server.texts("SELECT slug FROM platform.tenant") == ["shop"])
            let wrong = try await Program.run("mehvar", ["tenant", "list"], on: server, settings: ["MEHVAR_PORT": "x"])
            #expect(wrong.status == 64 && wrong.errors.contains("MEHVAR_PORT is a whole number"), "\(wrong.errors)")
            #expect(wrong.errors.contains("Usage: mehvar tenant list"), "\(wrong.errors)")
        }
    }

    @Test func `What fails ends with 1 and without a usage`() async throws {
        try await withMigratedDatabase { server in
            _ = try await makeTenant(in: server, slug: "shop")
            let file = FileManager.default.temporaryDirectory.appending(path: "orders-\(UUID().uuidString).csv")
            try Data("customer_ref,ordered_on,amount\n,yesterday,1\n".utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let unknown = UUID().uuidString.lowercased()
            let cases: [([String], String)] = [
                (["tenant", "usage", "nobody"], "There is no tenant \"nobody\""),
                (["tenant", "suspend", "nobody"], "There is no tenant \"nobody\""),
                (["report", "--tenant", "nobody"], "There is no tenant \"nobody\""),
                (
                    ["tenant", "create", "--slug", "shop", "--name", "S", "--sender-address", "a@shop.example"],
                    "A tenant \"shop\" exists already."
                ),
                (["member", "remove", "--tenant", "shop", unknown], "There is no such member."),
                (["import", "orders", "/nowhere.csv", "--tenant", "shop"], "/nowhere.csv cannot be read."),
                (["import", "orders", file.path, "--tenant", "shop", "--all-or-nothing"], "row 2, ordered_on: "),
                (["restore", "/nowhere.dump"], "/nowhere.dump cannot be read."),
            ]
            for (arguments, text) in cases {
                let failed = try await mehvar(arguments, on: server, status: 1)
                #expect(failed.errors.contains(text), "\(arguments): \(failed.errors)")
                #expect(!failed.errors.contains("Usage:") && failed.output == "", "\(arguments): \(failed.errors)")
            }
            let away = try await Program.run(
                "mehvar", ["tenant", "list"], on: server,
                settings: ["MEHVAR_DATABASE_URL": "postgresql:///mehvar?host=/nowhere"])
            #expect(away.status == 1 && away.errors.contains("connection failed"), "\(away.errors)")
            #expect(!away.errors.contains("Usage:"))
        }
    }

    @Test func `Help tells what a tenant is without being told, and how commands end`() async throws {
        // However the lines are broken.
        let help = try await mehvar(["help", "tenant", "create"], on: .administrative).output
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let defaults = ["fa", "Asia/Tehran", "jalali", "IRR"].map { "default: \($0)" }
        for text in defaults + ["Saturday to Wednesday"] {
            #expect(help.contains(text), "\(text): \(help)")
        }
        #expect(try await mehvar(["--help"], on: .administrative).output.contains("64"))
    }

    @Test func `A member is invited again and given other roles`() async throws {
        try await Business.with { business in
            let server = business.server
            let member = ["--tenant", "first"]
            let invited = try object(
                await mehvar(
                    ["member", "invite", "--name", "Sara", "--email", "sara@first.example", "--role", "viewer"] + member
                        + ["--format", "json"], on: server))
            let id = try #require(invited["id"] as? String)
            let again = try await mehvar(["member", "resend-invitation", id] + member, on: server)
            #expect(again.output.contains("sara@first.example"))
            #expect(again.errors == "A worker mails sara@first.example the link.\n")
            let roles = ["--role", "agent", "--role", "analyst", "--format", "json"]
            let changed = try await mehvar(["member", "set-role", id] + member + roles, on: server)
            #expect(try object(changed)["roles"] as? [String] == ["agent", "analyst"] && changed.errors == "")
            let owner = try await business.member("Mira", roles: [.owner])
            let joined = try await mehvar(
                ["member", "resend-invitation", owner.id.description] + member, on: server, status: 1)
            #expect(joined.errors.contains("has a password"))
            let last = try await mehvar(
                ["member", "set-role", owner.id.description, "--role", "viewer"] + member, on: server, status: 1)
            #expect(last.errors.contains("needs an owner"))
            let removed = try await mehvar(["member", "remove", id] + member, on: server)
            #expect(removed.output == "Sara (sara@first.example) is let in no more\n" && removed.errors == "")
        }
    }

    @Test func `What changes something says so in a line`() async throws {
        try await withMigratedDatabase { server in
            _ = try await makeTenant(in: server, slug: "shop")
            let tenant = ["--tenant", "shop"]
            let key = try object(
                await mehvar(["key", "create", "--name", "laptop", "--format", "json"] + tenant, on: server))
            let id = try #require(key["id"] as? String)
            let revoked = try await mehvar(["key", "revoke", id] + tenant, on: server)
            #expect(revoked.output == "key \(id) (laptop) is revoked\n")
            let platform = try object(
                await mehvar(["platform-key", "create", "--name", "ops", "--format", "json"], on: server))
            let platformID = try #require(platform["id"] as? String)
            #expect(
                try await mehvar(["platform-key", "revoke", platformID], on: server).output
                    == "key \(platformID) is revoked\n")
            let keys = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString).json").path
            defer { try? FileManager.default.removeItem(atPath: keys) }
            let rotate = ["signing-keys", "rotate", keys]
            #expect(try await mehvar(rotate, on: server).output == "\(keys) is made, with one key\n")
            #expect(try await mehvar(rotate, on: server).output.contains("a new key signs"))
            try await server.execute("ALTER DATABASE \"\(server.name)\" OWNER TO mehvar_owner")
            #expect(try await mehvar(["migrate", "--format", "csv"], on: server).errors == "")
            #expect(try await mehvar(["migrate"], on: server).errors.contains("up to date"))
        }
    }

    @Test func `The queues that are known are those of the worker's handlers`() async throws {
        try await Business.with { business in
            let handlers = JobHandlers(
                database: business.database, platform: business.server.platform, transport: ScriptedTransport(),
                publicURL: Business.publicURL)
            #expect(handlers.registry().queues == JobQueues.all)
        }
    }

    @Test func `A variable that is no setting is warned of`() async throws {
        let told = try await Program.run(
            "mehvar", ["jobs", "stats"], on: .administrative,
            settings: ["MEHVAR_DATABASE_UR": "x", "MEHVAR_DATABASE_URL": "postgresql:///mehvar?host=/nowhere"])
        #expect(told.errors.contains("Warning: MEHVAR_DATABASE_UR of the environment is no setting; did you mean "))
    }
}
