import CLibPQ

/// The answer to one statement; libpq's memory, freed when nothing refers to it any more.
final class Rows {
    private let result: OpaquePointer
    private let statement: StaticString

    init(owning result: OpaquePointer, statement: StaticString) {
        self.result = result
        self.statement = statement
    }

    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }

    /// The number in the command tag, such as 3 of `UPDATE 3`; 0 when there is none.
    var affected: Int {
        guard let text = PQcmdTuples(result) else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// The command tag, such as `COMMIT` or `UPDATE 3`.
    var tag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    /// Reads the first row, which must be there.
    func first<Row>(_ row: (inout RowReader) throws -> Row) throws -> Row {
        var reader = RowReader(result: result, row: 0, statement: statement)
        return try row(&reader)
    }

    func map<Row>(_ row: (inout RowReader) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        let count = PQntuples(result)
        rows.reserveCapacity(Int(count))
        for index in 0..<count {
            var reader = RowReader(result: result, row: index, statement: statement)
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
    private let statement: StaticString
    private var column: Int32 = 0

    init(result: OpaquePointer, row: Int32, statement: StaticString) {
        self.result = result
        self.row = row
        self.statement = statement
    }

    /// The next column, which is never NULL.
    public mutating func next<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value {
        guard let value = try nextIfPresent(type) else {
            throw mismatch(type, found: "NULL", column: column - 1)
        }
        return value
    }

    /// The next column, `nil` for NULL.
    public mutating func nextIfPresent<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws -> Value? {
        let column = column
        self.column += 1
        guard column < PQnfields(result) else { throw mismatch(type, found: "no such column", column: column) }
        if PQgetisnull(result, row, column) == 1 { return nil }
        let found = PostgresType(oid: PQftype(result, column))
        guard Value.accepts(found) else { throw mismatch(type, found: found.description, column: column) }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        guard let value = Value.decode(bytes, as: found) else {
            throw mismatch(type, found: "\(found) with another value", column: column)
        }
        return value
    }

    /// Passes over the next column.
    public mutating func skip() { column += 1 }

    private func mismatch<Value>(_ type: Value.Type, found: String, column: Int32) -> PostgresError {
        // libpq would raise a notice about a column that is not there, on a session that may be gone.
        let isThere = column < PQnfields(result)
        let name = isThere ? PQfname(result, column).map { String(cString: $0) } : nil
        return PostgresError(
            .decoding(column: name ?? "#\(column + 1)", expected: "\(type)", found: found),
            statement: statement.description)
    }
}
