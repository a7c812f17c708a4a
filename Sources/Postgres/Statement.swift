/// A named SQL statement with its bound values and the way to read its answer.
///
/// The name is static, so that logs, metrics and errors can carry it; the text depends only on the code, never on data.
///
/// A value that can be run any number of times, on any connection. Its rows are read on the task that runs it; what the
/// closure throws comes out of there.
public struct Statement<Output>: Sendable {
    /// The text and the values.
    public let sql: SQL
    @usableFromInline let label: StatementLabel
    @usableFromInline let read: @Sendable (Rows) throws -> Output

    @usableFromInline
    init(_ label: StatementLabel, _ sql: SQL, read: @escaping @Sendable (Rows) throws -> Output) {
        self.label = label
        self.sql = sql
        self.read = read
    }

    /// What logs, traces and errors call it.
    public var name: StaticString { label.name }

    /// Every row, in the server's order.
    @inlinable
    public init<Row>(
        _ name: StaticString, _ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line,
        all row: @escaping @Sendable (inout RowReader) throws -> Row
    ) where Output == [Row] {
        self.init(StatementLabel(name, fileID, line), sql, read: { try $0.map(row) })
    }

    /// The only row, or `nil` for none. More than one is a ``PostgresError/Reason/rowCount(expected:found:)``.
    @inlinable
    public init<Row>(
        _ name: StaticString, _ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line,
        optional row: @escaping @Sendable (inout RowReader) throws -> Row
    ) where Output == Row? {
        self.init(
            StatementLabel(name, fileID, line), sql,
            read: { rows in
                let count = rows.count
                guard count <= 1 else { throw rows.unexpectedCount("at most one") }
                return count == 0 ? nil : try rows.first(row)
            })
    }

    /// Exactly one row; any other number is a ``PostgresError/Reason/rowCount(expected:found:)``.
    @inlinable
    public init(
        _ name: StaticString, _ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line,
        one row: @escaping @Sendable (inout RowReader) throws -> Output
    ) {
        self.init(
            StatementLabel(name, fileID, line), sql,
            read: { rows in
                guard rows.count == 1 else { throw rows.unexpectedCount("one") }
                return try rows.first(row)
            })
    }

    /// The same statement with its output changed; what `transform` throws comes out where the statement is run.
    @inlinable
    public func map<New>(_ transform: @escaping @Sendable (Output) throws -> New) -> Statement<New> {
        Statement<New>(label, sql, read: { [read] rows in try transform(read(rows)) })
    }

    @usableFromInline var command: Command { Command(label, sql) }
}

extension Statement where Output == Int {
    /// Runs for its effect; gives the number of rows in the server's command tag (inserted, updated, selected, …), 0
    /// where it has none.
    public init(_ name: StaticString, _ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line) {
        self.init(StatementLabel(name, fileID, line), sql, read: { $0.affected })
    }
}

extension Statement where Output == Void {
    /// Runs for its effect; rows and counts are dropped.
    public init(effect name: StaticString, _ sql: SQL, fileID: StaticString = #fileID, line: UInt = #line) {
        self.init(StatementLabel(name, fileID, line), sql, read: { _ in })
    }

    /// For a prelude, whose answers nobody reads.
    @usableFromInline var preludeCommand: Command { Command(label, sql, role: .unread) }
}

/// What names a statement in logs and errors: its name and where it stands in the program.
@usableFromInline
struct StatementLabel: Sendable {
    let name: StaticString
    let fileID: StaticString
    let line: UInt

    @usableFromInline
    init(_ name: StaticString, _ fileID: StaticString = "", _ line: UInt = 0) {
        self.name = name
        self.fileID = fileID
        self.line = line
    }

    /// `nil` for the wrapper's own statements.
    var source: String? { line > 0 ? "\(fileID):\(line)" : nil }
}

/// The same for a COPY, a stream or a script, whose name may be made at run time.
struct CallLabel: Sendable {
    let name: String
    private let fileID: StaticString
    private let line: UInt

    init(_ name: String, _ fileID: StaticString, _ line: UInt) {
        self.name = name
        self.fileID = fileID
        self.line = line
    }

    init(_ label: StatementLabel) { self.init(label.name.description, label.fileID, label.line) }

    var source: String? { line > 0 ? "\(fileID):\(line)" : nil }
}

extension PostgresError {
    init(_ reason: Reason, report: ServerReport? = nil, _ label: StatementLabel) {
        self.init(reason, report: report, statement: label.name.description, source: label.source)
    }

    init(_ reason: Reason, report: ServerReport? = nil, _ label: CallLabel) {
        self.init(reason, report: report, statement: label.name, source: label.source)
    }
}
