/// How a transaction sees others, and what it may do. (PostgreSQL 15, SET TRANSACTION.)
public struct TransactionOptions: Sendable, Hashable {
    /// What a transaction sees of others that commit meanwhile.
    public enum Isolation: Sendable, Hashable {
        case readCommitted, repeatableRead, serializable
    }

    /// `nil` leaves it to the server's `default_transaction_isolation`.
    public var isolation: Isolation?
    /// `nil` leaves it to the server's `default_transaction_read_only`.
    public var isReadOnly: Bool?
    /// Whether a serializable read-only transaction waits for a moment in which it cannot fail; without effect on
    /// others.
    public var isDeferrable: Bool

    public init(isolation: Isolation? = nil, isReadOnly: Bool? = nil, isDeferrable: Bool = false) {
        self.isolation = isolation
        self.isReadOnly = isReadOnly
        self.isDeferrable = isDeferrable
    }

    /// As the server is configured: usually read committed and read write.
    public static let `default` = TransactionOptions()
    public static let readOnly = TransactionOptions(isReadOnly: true)
    public static let serializable = TransactionOptions(isolation: .serializable)

    /// BEGIN with these options.
    var begin: Command {
        guard self != .default else { return .begin }
        var text = "BEGIN"
        switch isolation {
        case nil: break
        case .readCommitted: text += " ISOLATION LEVEL READ COMMITTED"
        case .repeatableRead: text += " ISOLATION LEVEL REPEATABLE READ"
        case .serializable: text += " ISOLATION LEVEL SERIALIZABLE"
        }
        if let isReadOnly { text += isReadOnly ? " READ ONLY" : " READ WRITE" }
        if isDeferrable { text += " DEFERRABLE" }
        return Command(StatementLabel("begin"), SQL(generated: text), role: .unread)
    }
}
