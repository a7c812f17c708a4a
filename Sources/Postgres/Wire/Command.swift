/// One statement as the connection sees it, without its output's type.
///
/// A class, since it goes through many hands and copying its parts costs more than making one object.
@usableFromInline
final class Command: Sendable {
    enum Role: Sendable {
        /// Somebody reads the answer.
        case read
        /// Somebody reads the answer, and the Sync behind it commits, since there is no transaction around it.
        case alone
        /// The answer is only checked for errors.
        case unread
        case commit
    }

    let label: StatementLabel
    let sql: SQL
    let role: Role
    /// Whether it may stand prepared. What mends a transaction does not, since the server may have dropped what did.
    let isPrepared: Bool

    init(_ label: StatementLabel, _ sql: SQL, role: Role = .read, isPrepared: Bool = true) {
        self.label = label
        self.sql = sql
        self.role = role
        self.isPrepared = isPrepared
    }
}

extension Command {
    /// One of the wrapper's own.
    private convenience init(_ name: StaticString, _ sql: SQL, role: Role = .unread, isPrepared: Bool = true) {
        self.init(StatementLabel(name), sql, role: role, isPrepared: isPrepared)
    }

    static let begin = Command("begin", "BEGIN")
    @usableFromInline static let commit = Command("commit", "COMMIT", role: .commit)
    /// COMMIT of what has only read: nothing is lost with its answer.
    @usableFromInline static let end = Command("commit", "COMMIT")
    static let rollback = Command("rollback", "ROLLBACK", isPrepared: false)
    static let deallocateAll = Command("deallocate", "DEALLOCATE ALL")

    static func savepoint(_ depth: Int) -> Command {
        Command("savepoint", SQL(generated: "SAVEPOINT s\(depth)"), isPrepared: false)
    }
    static func release(_ depth: Int) -> Command {
        Command("release", SQL(generated: "RELEASE s\(depth)"), isPrepared: false)
    }
    static func rollback(to depth: Int) -> Command {
        Command("rollback", SQL(generated: "ROLLBACK TO s\(depth)"), isPrepared: false)
    }
    static func deallocate(_ name: PreparedName) -> Command {
        let name = name.cString.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return Command("deallocate", SQL(generated: "DEALLOCATE \(name)"))
    }

    /// The server's second line behind the client's deadline.
    static func timeouts(statement: Duration, lock: Duration?) -> Command {
        func milliseconds(_ duration: Duration) -> String { String(duration.wholeMilliseconds) }
        if let lock {
            return Command(
                "timeouts",
                """
                SELECT set_config('statement_timeout', \(milliseconds(statement)), true),
                    set_config('lock_timeout', \(milliseconds(lock)), true)
                """)
        }
        return Command("timeouts", "SELECT set_config('statement_timeout', \(milliseconds(statement)), true)")
    }
}

extension Duration {
    /// Rounded up, 1 at least and at most what the server's settings take.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return max(1, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
