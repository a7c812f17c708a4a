public import Foundation
public import Postgres

/// Brings the schema up to the migrations of a folder. Forward only, each once, one migrator at a time.
public struct Migrator: Sendable {
    public struct Status: Sendable, Encodable {
        public let number: Int
        public let name: String
        /// `nil` when it is still to be applied.
        public let appliedAt: Date?
    }

    private struct Applied {
        let number: Int
        let name: String
        let checksum: String
        let appliedAt: Date
    }

    /// Any number that no other program uses for an advisory lock of its own.
    private static let lock: Int64 = 0x6D65_6876_6172

    private let configuration: Configuration
    private let directory: URL

    /// - Parameters:
    ///   - configuration: connects as `mehvar_owner`.
    ///   - directory: the folder `sql` with `migrations` and `routines`.
    public init(configuration: Configuration, directory: URL) {
        self.configuration = configuration
        self.directory = directory
    }

    /// Applies what is missing and tells of each as it begins.
    ///
    /// - Throws: ``MigrationError`` when an applied file has changed; `PostgresError` when one fails, which then left nothing.
    public func migrate(onEach: (Migration) -> Void = { _ in }) async throws {
        let migrations = try Migration.load(from: directory.appending(path: "migrations"))
        let routines = try Migration.loadRoutines(from: directory.appending(path: "routines"))
        try await Connection.with(configuration) { connection in
            try await connection.run(Statement(effect: "migration.lock", "SELECT pg_advisory_lock(\(Self.lock))"))
            try await connection.execute(script: Self.preparation, name: "migration.prepare")
            let applied = try await Self.applied(&connection)
            try Self.check(applied, against: migrations)
            for migration in migrations.dropFirst(applied.count) {
                onEach(migration)
                try await Self.apply(migration, &connection)
            }
            try await Self.apply(routines, &connection)
        }
    }

    /// Every migration of the folder and when it was applied.
    public func status() async throws -> [Status] {
        let migrations = try Migration.load(from: directory.appending(path: "migrations"))
        let applied: [Applied] = try await Connection.with(configuration) { connection in
            let exists = try await connection.run(
                Statement<Bool>(
                    "migration.exists", "SELECT to_regclass('platform.migration') IS NOT NULL", one: { try $0.next() }))
            return exists ? try await Self.applied(&connection) : []
        }
        try Self.check(applied, against: migrations)
        return migrations.map { migration in
            Status(
                number: migration.number, name: migration.name,
                appliedAt: applied.first { $0.number == migration.number }?.appliedAt)
        }
    }

    private static let preparation = """
        SET lock_timeout = '5s';
        CREATE SCHEMA IF NOT EXISTS platform;
        CREATE TABLE IF NOT EXISTS platform.migration (
            number integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE TABLE IF NOT EXISTS platform.routine (
            name text PRIMARY KEY,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        GRANT USAGE ON SCHEMA platform TO mehvar_app, mehvar_platform, mehvar_queue;
        GRANT SELECT ON platform.migration TO mehvar_app, mehvar_platform, mehvar_queue;
        """

    private static func applied(_ connection: inout Connection) async throws -> [Applied] {
        try await connection.run(
            Statement(
                "migration.list", "SELECT number, name, checksum, applied_at FROM platform.migration ORDER BY number",
                all: { row in
                    try Applied(number: row.next(), name: row.next(), checksum: row.next(), appliedAt: row.next())
                }))
    }

    private static func check(_ applied: [Applied], against migrations: [Migration]) throws {
        for (old, new) in zip(applied, migrations) where old.checksum != new.checksum || old.number != new.number {
            throw MigrationError(
                "migration \(old.number)_\(old.name) was applied with other contents: restore the file, and write a new one"
            )
        }
    }

    private static func apply(_ migration: Migration, _ connection: inout Connection) async throws {
        let record = Statement<Int>(
            "migration.record",
            """
            INSERT INTO platform.migration (number, name, checksum)
            VALUES (\(Int32(migration.number)), \(migration.name), \(migration.checksum))
            """)
        if migration.isTransactional {
            try await connection.withTransaction { transaction in
                try await transaction.execute(script: migration.script, name: "migration \(migration.number)")
                _ = try await transaction.run(record)
            }
        } else {
            try await connection.execute(script: migration.script, name: "migration \(migration.number)")
            _ = try await connection.run(record)
        }
    }

    private static func apply(_ routines: [Migration], _ connection: inout Connection) async throws {
        let known = Dictionary(
            uniqueKeysWithValues: try await connection.run(
                Statement<[(String, String)]>(
                    "routine.list", "SELECT name, checksum FROM platform.routine",
                    all: { row in (try row.next(), try row.next()) })))
        for routine in routines where known[routine.name] != routine.checksum {
            try await connection.withTransaction { transaction in
                try await transaction.execute(script: routine.script, name: "routine \(routine.name)")
                _ = try await transaction.run(
                    Statement<Int>(
                        "routine.record",
                        """
                        INSERT INTO platform.routine AS r (name, checksum) VALUES (\(routine.name), \(routine.checksum))
                        ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at
                        """))
            }
        }
    }
}
