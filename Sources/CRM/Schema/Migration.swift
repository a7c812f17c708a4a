import Crypto
public import Foundation

/// One file of `sql/migrations`, named `NNNN_name.sql`, or of `sql/routines`.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    let script: String
    /// SHA-256 of the file: a migration that was applied never changes.
    let checksum: String

    /// A first line `-- mehvar: no transaction` is for what PostgreSQL refuses inside one.
    var isTransactional: Bool { !script.hasPrefix("-- mehvar: no transaction") }

    /// The files of the directory in order of their numbers.
    ///
    /// - Throws: ``MigrationError`` when a name is wrong or numbers are missing or doubled.
    public static func load(from directory: URL) throws -> [Migration] {
        let files = try sqlFiles(in: directory)
        let migrations = try files.map { file in
            let name = file.deletingPathExtension().lastPathComponent
            let parts = name.split(separator: "_", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.count == 4, let number = Int(parts[0]) else {
                throw MigrationError("\(file.lastPathComponent) is not named NNNN_name.sql")
            }
            return try Migration(number: number, name: String(parts[1]), file: file)
        }.sorted { $0.number < $1.number }
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw MigrationError("migration \(index + 1) is missing, or a number stands twice, in \(directory.path)")
        }
        return migrations
    }

    /// The functions that are put in place anew whenever their file changes.
    static func loadRoutines(from directory: URL) throws -> [Migration] {
        guard FileManager.default.fileExists(atPath: directory.path) else { return [] }
        return try sqlFiles(in: directory).map { file in
            try Migration(number: 0, name: file.deletingPathExtension().lastPathComponent, file: file)
        }
    }

    private init(number: Int, name: String, file: URL) throws {
        let bytes = try Data(contentsOf: file)
        guard let script = String(data: bytes, encoding: .utf8) else {
            throw MigrationError("\(file.path) is not UTF-8")
        }
        self.number = number
        self.name = name
        self.script = script
        checksum = SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func sqlFiles(in directory: URL) throws -> [URL] {
        do {
            return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "sql" }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        } catch {
            throw MigrationError("cannot read \(directory.path): set MEHVAR_SQL_DIR to the folder sql of the release")
        }
    }
}

public struct MigrationError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
