import ArgumentParser
import CRM
import Crypto
import Foundation
import JobQueue
import Postgres
import Subprocess

/// What stands beside a backup: what it is of, and how to know that it is whole.
private struct BackupNote: Codable {
    let createdAt: Date
    /// The newest migration that was applied.
    let schema: Int
    let bytes: Int
    let sha256: String

    static func file(of backup: URL) -> URL { backup.appendingPathExtension("json") }
}

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes everything that the database keeps into one file.",
        discussion: """
            One consistent state, taken by pg_dump as mehvar_owner while servers go on working; FILE.json beside it says of when \
            it is and how to know that it is whole. It holds every tenant's data: keep it as such. `mehvar restore` reads it. To \
            get back to any minute instead of that of the last backup, archive the write-ahead log as well: the article \
            “Point-in-time recovery” of the documentation says how.
            """)

    @Argument(help: "The file to write, such as mehvar.dump; it must not be there yet.")
    var file: String
    @Option(help: "How hard to compress, 0 to 9.")
    var compression = 6
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0...9).contains(compression) else { throw ValidationError("--compression is 0 to 9.") }
    }

    func run() async throws {
        let file = URL(filePath: file)
        guard !FileManager.default.fileExists(atPath: file.path) else {
            throw Failure("\(file.path) is there already.")
        }
        let deployment = try Deployment()
        let schema = try await deployment.schema()
        let draft = file.appendingPathExtension("part")
        // Nobody else may read it, from the first byte on.
        guard FileManager.default.createFile(atPath: draft.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw Failure("\(draft.path) cannot be written.") }
        let began = Date()
        do {
            try await Tool.run(
                "pg_dump",
                ["--format=custom", "--compress=\(compression)", "--file=\(draft.path)", "--no-password"]
                    + ["platform", "crm", "job", "report"].map { "--schema=\($0)" }
                    + ["--dbname=\(deployment.url(as: .owner))"])
            let note = BackupNote(
                createdAt: began, schema: schema, bytes: try draft.size, sha256: try draft.sha256())
            try JSONCoding.encoder().encode(note).write(to: BackupNote.file(of: file))
            try FileManager.default.moveItem(at: draft, to: file)
            try output.print(
                note, columns: ["file", "schema", "bytes", "seconds"],
                rows: [
                    [
                        file.path, String(schema), String(note.bytes),
                        String(format: "%.1f", Date().timeIntervalSince(began)),
                    ]
                ])
        } catch {
            do { try FileManager.default.removeItem(at: draft) } catch {}
            throw error
        }
    }
}

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads a backup into an empty database.",
        discussion: """
            MEHVAR_DATABASE_URL names the database: a new one of mehvar_owner on which sql/roles.sql was run. Everything is read \
            in one transaction, or nothing. Afterwards every queue is paused, because what was sent after the backup is not in \
            it, and would be sent again: look, then `mehvar jobs resume QUEUE`. Run `mehvar migrate` if the programs are newer \
            than the backup.
            """)

    @Argument(help: "The file that `mehvar backup` wrote.")
    var file: String
    @Flag(help: "Let jobs go on at once.")
    var resumeJobs = false

    func run() async throws {
        let file = URL(filePath: file)
        let deployment = try Deployment()
        let note = try verifiedNote(of: file)
        guard try await deployment.isEmpty() else {
            throw Failure(
                "The database holds something already. Restore into a new one, and put that in its place.")
        }
        try await Tool.run(
            "pg_restore",
            [
                "--exit-on-error", "--single-transaction", "--no-password", "--dbname=\(deployment.url(as: .owner))",
                file.path,
            ])
        let queue = deployment.queue
        defer { queue.close() }
        let queues = try await resumeJobs ? [] : deployment.queues(queue)
        for name in queues {
            _ = try await queue.pipeline(OperateStatements.setPaused(true, queue: name, tenant: nil))
        }
        print("restored what there was at \(note.createdAt.short) UTC (migration \(note.schema))")
        if !resumeJobs {
            print("every queue is paused (\(queues.joined(separator: ", "))): look, then `mehvar jobs resume QUEUE`")
        }
    }

    private func verifiedNote(of file: URL) throws -> BackupNote {
        guard FileManager.default.isReadableFile(atPath: file.path) else {
            throw Failure("\(file.path) cannot be read.")
        }
        let note: BackupNote
        do {
            note = try JSONCoding.decoder().decode(
                BackupNote.self, from: try Data(contentsOf: BackupNote.file(of: file)))
        } catch {
            throw Failure(
                "\(BackupNote.file(of: file).path), which stands beside every backup, cannot be read.")
        }
        guard try file.size == note.bytes, try file.sha256() == note.sha256 else {
            throw Failure("\(file.path) is not what was written: its checksum is another one.")
        }
        return note
    }
}

/// A program of PostgreSQL, run to its end.
private enum Tool {
    static func run(_ program: String, _ arguments: [String]) async throws {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), output: .discarded, error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw Failure("\(program) failed:\n\(result.standardError)")
        }
    }
}

extension URL {
    fileprivate var size: Int {
        get throws { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 }
    }

    /// In hexadecimal digits.
    fileprivate func sha256() throws -> String {
        let file = try FileHandle(forReadingFrom: self)
        var hash = SHA256()
        while let data = try file.read(upToCount: 1 << 20), !data.isEmpty { hash.update(data: data) }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
}

extension Deployment {
    /// How libpq's own programs reach the database; what comes last counts.
    fileprivate func url(as role: DatabaseRole) -> String {
        let url = settings.databaseURL
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            return "\(url) user=\(role.rawValue)"
        }
        return "\(url)\(url.contains("?") ? "&" : "?")user=\(role.rawValue)"
    }

    private func ask<Output>(_ statement: Statement<Output>) async throws -> Output {
        try await Connection.with(settings.configuration(as: .owner, application: "mehvar backup")) {
            try await $0.run(statement)
        }
    }

    fileprivate func schema() async throws -> Int {
        try await ask(Statement("backup.schema", "SELECT max(number) FROM platform.migration", one: { try $0.next() }))
    }

    fileprivate func isEmpty() async throws -> Bool {
        try await ask(
            Statement(
                "backup.is_empty",
                """
                SELECT NOT EXISTS (SELECT FROM pg_namespace WHERE nspname IN ('platform', 'crm', 'job', 'report'))
                """, one: { try $0.next() }))
    }
}
