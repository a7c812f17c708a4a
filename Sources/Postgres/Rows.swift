import CLibPQ

/// The answer to one statement; libpq's memory, freed when nothing refers to it any more.
@usableFromInline
final class Rows {
    private let result: OpaquePointer
    private let label: StatementLabel

    init(owning result: OpaquePointer, _ label: StatementLabel) {
        self.result = result
        self.label = label
    }

    deinit { LibPQ.clear(result) }

    @usableFromInline var count: Int { Int(PQntuples(result)) }

    /// The number in the command tag, such as 3 of `UPDATE 3`; 0 when there is none.
    var affected: Int {
        guard let text = PQcmdTuples(result) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    @usableFromInline
    func reader(_ row: Int) -> RowReader { RowReader(result: result, row: Int32(row), label: label) }

    @usableFromInline
    func unexpectedCount(_ expected: String) -> PostgresError {
        PostgresError(.rowCount(expected: expected, found: count), label)
    }

    /// Reads the first row, which must be there.
    @inlinable
    func first<Row>(_ row: (inout RowReader) throws -> Row) throws -> Row {
        // The reader looks into memory that is freed with this object.
        defer { withExtendedLifetime(self) {} }
        var reader = reader(0)
        return try row(&reader)
    }

    @inlinable
    func map<Row>(_ row: (inout RowReader) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        let count = count
        rows.reserveCapacity(count)
        defer { withExtendedLifetime(self) {} }
        for index in 0..<count {
            var reader = reader(index)
            rows.append(try row(&reader))
        }
        return rows
    }
}

/// Reads the columns of one row from left to right.
///
/// The type that is asked for must accept the column's type; a mismatch or an unexpected NULL is a
/// ``PostgresError/Reason/decoding(column:expected:found:)`` that names the column.
public struct RowReader: ~Copyable {
    private let result: OpaquePointer
    private let row: Int32
    private let label: StatementLabel
    private var column: Int32 = 0

    init(result: OpaquePointer, row: Int32, label: StatementLabel) {
        self.result = result
        self.row = row
        self.label = label
    }

    /// The next column, which is never NULL: a NULL is an error.
    @inlinable
    public mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        guard let value = try nextIfPresent(type) else { throw mismatch(type, found: "NULL") }
        return value
    }

    /// The next column, `nil` for NULL.
    @inlinable
    public mutating func nextIfPresent<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value? {
        let field = nextField()
        guard let bytes = field.bytes else {
            if field.isNull { return nil }
            throw mismatch(type, found: "no such column")
        }
        guard Value.accepts(field.type) else { throw mismatch(type, found: field.type.description) }
        guard let value = Value.decode(bytes, as: field.type) else {
            throw mismatch(type, found: "\(field.type) with another value")
        }
        return value
    }

    /// Passes over the next column.
    public mutating func skip() { column += 1 }

    @usableFromInline
    struct Field {
        @usableFromInline let type: PostgresType
        /// `nil` for NULL, and when there is no such column.
        @usableFromInline let bytes: UnsafeRawBufferPointer?
        @usableFromInline let isNull: Bool
    }

    @usableFromInline
    mutating func nextField() -> Field {
        let column = column
        self.column += 1
        guard column < PQnfields(result) else { return Field(type: .unknown, bytes: nil, isNull: false) }
        let type = PostgresType(oid: PQftype(result, column))
        let length = PQgetlength(result, row, column)
        if length == 0, PQgetisnull(result, row, column) == 1 { return Field(type: type, bytes: nil, isNull: true) }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length))
        return Field(type: type, bytes: bytes, isNull: false)
    }

    /// About the column that was read last.
    @usableFromInline
    func mismatch<Value>(_ type: Value.Type, found: String) -> PostgresError {
        let column = column - 1
        // libpq would raise a notice about a column that is not there, on a session that may be gone.
        let isThere = column < PQnfields(result)
        let name = isThere ? PQfname(result, column).map { String(cString: $0) } : nil
        return PostgresError(
            .decoding(column: name ?? "#\(column + 1)", expected: "\(type)", found: found), label)
    }
}
