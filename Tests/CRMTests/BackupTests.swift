import CRM
import Foundation
import Postgres
import TestSupport
import Testing

/// `mehvar backup` and `mehvar restore`, as processes.
@Suite("Backup and restore", .enabled(if: !TestServer.isPooled))
struct BackupTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "backup-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func mehvar(_ arguments: [String], on server: TestDatabase, status: Int32 = 0) async throws -> Program {
        let program = try await Program.run("mehvar", arguments, on: server)
        #expect(program.status == status, "\(arguments): \(program.output)\(program.errors)")
        return program
    }

    @Test func `What is restored is what was backed up, row by row, and it can be worked with`() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "mehvar.dump")
            try await withMigratedDatabase { server in
                let filled = try await FilledBusiness(in: server, slug: "one")
                _ = try await FilledBusiness(in: server, slug: "two")
                _ = try await mehvar(["backup", file.path], on: server)
                let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
                #expect(mode == 0o600)
                let before = try await server.digests()
                // What comes afterwards is not in it.
                _ = try await filled.business.customers(3)
                try await withDatabase { restored in
                    try await restored.execute("ALTER DATABASE \"\(restored.name)\" OWNER TO mehvar_owner")
                    try await applyRoles(to: restored)
                    let report = try await mehvar(["restore", file.path], on: restored)
                    #expect(report.output.contains("every queue is paused (default, imports, segments)"))
                    let changed = differences(before, try await restored.digests())
                    #expect(changed == ["job.paused_queue"])
                    #expect(
                        try await restored.texts("SELECT queue FROM job.paused_queue ORDER BY queue")
                            == ["default", "imports", "segments"])
                    // Migrations know where it stands, and the tenant's people get in.
                    _ = try await mehvar(["migrate"], on: restored)
                    let database = Database(pool: Pool(restored.configuration(user: "mehvar_app")))
                    let access = try await AccessControl(database: database, cost: .low)
                    let service = SignInService(database: database, tokens: access.tokens, hasher: access.hasher)
                    let tokens = try await service.signIn(
                        filled.business.visitor, tenant: "one", email: filled.member.email, password: Business.password)
                    #expect(tokens.member.id == filled.member.id)
                    let again = try await mehvar(["restore", file.path], on: restored, status: 1)
                    #expect(again.errors.contains("holds something already") && !again.errors.contains("Usage:"))
                }
            }
        }
    }

    @Test func `A file that was changed is refused, and nothing of it is restored`() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "mehvar.dump")
            try await withMigratedDatabase { server in
                _ = try await Business(in: server)
                _ = try await mehvar(["backup", file.path], on: server)
                let again = try await mehvar(["backup", file.path], on: server, status: 1)
                #expect(again.errors.contains("is there already") && !again.errors.contains("Usage:"))
                var bytes = try Data(contentsOf: file)
                bytes[bytes.count / 2] ^= 1
                try bytes.write(to: file)
                try await withDatabase { restored in
                    let refused = try await mehvar(["restore", file.path], on: restored, status: 1)
                    #expect(refused.errors.contains("checksum") && !refused.errors.contains("Usage:"))
                    #expect(
                        try await restored.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'crm'") == 0)
                }
            }
        }
    }

    @Test func `A backup that fails leaves no file behind`() async throws {
        try await withFolder { folder in
            try await withDatabase { empty in
                let file = folder.appending(path: "mehvar.dump")
                let failed = try await Program.run("mehvar", ["backup", file.path], on: empty)
                #expect(failed.status == 1)
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            }
        }
    }
}
