/// A named SQL statement with its bound values and the way to read its answer.
///
/// The name is static, so that logs, metrics and errors can carry it; the text depends only on the code, never on data.
public struct Statement<Output>: Sendable {
    public let name: StaticString
    public let sql: SQL
    let read: @Sendable (Rows) throws -> Output

    init(_ name: StaticString, _ sql: SQL, read: @escaping @Sendable (Rows) throws -> Output) {
        self.name = name
        self.sql = sql
        self.read = read
    }

    /// Every row, in the server's order.
    public init<Row>(
        _ name: StaticString, _ sql: SQL, all row: @escaping @Sendable (inout RowReader) throws -> Row
    ) where Output == [Row] {
        self.init(name, sql, read: { try $0.map(row) })
    }

    /// The only row, or `nil` for none. More than one is an error.
    public init<Row>(
        _ name: StaticString, _ sql: SQL, optional row: @escaping @Sendable (inout RowReader) throws -> Row
    ) where Output == Row? {
        self.init(
            name, sql,
            read: { rows in
                guard rows.count <= 1 else {
                    throw PostgresError(
                        .rowCount(expected: "at most one", found: rows.count), statement: name.description)
                }
                return rows.count == 0 ? nil : try rows.first(row)
            })
    }

    /// Exactly one row.
    public init(
        _ name: StaticString, _ sql: SQL, one row: @escaping @Sendable (inout RowReader) throws -> Output
    ) {
        self.init(
            name, sql,
            read: { rows in
                guard rows.count == 1 else {
                    throw PostgresError(.rowCount(expected: "one", found: rows.count), statement: name.description)
                }
                return try rows.first(row)
            })
    }

    /// The same statement with its output changed.
    public func map<New>(_ transform: @escaping @Sendable (Output) throws -> New) -> Statement<New> {
        Statement<New>(name, sql, read: { [read] rows in try transform(read(rows)) })
    }

    var command: Command { Command(name: name, sql: sql, keepsRows: true) }
}

extension Statement where Output == Int {
    /// Runs for its effect; gives the number of rows that it touched.
    public init(_ name: StaticString, _ sql: SQL) {
        self.init(name, sql, read: { $0.affected })
    }
}

extension Statement where Output == Void {
    /// Runs for its effect; rows and counts are dropped.
    public init(effect name: StaticString, _ sql: SQL) {
        self.init(name, sql, read: { _ in })
    }

    /// For a prelude, whose answers nobody reads.
    var preludeCommand: Command { Command(name: name, sql: sql, keepsRows: false) }
}

/// One statement as the connection sees it, without its output's type.
struct Command: Sendable {
    let name: StaticString
    let sql: SQL
    /// Whether somebody reads the answer; otherwise it is only checked for errors.
    let keepsRows: Bool
    /// Whether this is COMMIT.
    var commits = false
}
