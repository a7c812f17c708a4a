/// Writes the rows of a `COPY … FROM STDIN (FORMAT binary)`, buffered, with back-pressure from the socket.
public struct CopyWriter: ~Copyable {
    private let session: Session
    private var buffer: [UInt8]
    private static let chunk = 64 * 1024

    init(session: Session) {
        self.session = session
        // Signature, flags, length of the header's extension. (PostgreSQL 15, COPY, "Binary Format".)
        buffer = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
        buffer.reserveCapacity(Self.chunk * 2)
    }

    /// Writes one row; `fields` must write exactly `columns` values, in the table's order. A row of another length is
    /// not sent, and is a ``PostgresError/Reason/protocolViolation(_:)``.
    public mutating func row(columns: Int, _ fields: (inout CopyRow) -> Void) async throws {
        guard (0...Int(Int16.max)).contains(columns) else {
            throw PostgresError(.protocolViolation("a row has at most \(Int16.max) columns"))
        }
        let start = buffer.count
        var row = CopyRow(bytes: buffer)
        buffer = []
        row.begin(columns)
        fields(&row)
        let written = row.written
        buffer = row.take()
        guard written == columns else {
            buffer.removeSubrange(start...)
            throw PostgresError(.protocolViolation("a row of \(columns) columns was given \(written) values"))
        }
        if buffer.count >= Self.chunk { try await send() }
    }

    mutating func finish() async throws {
        buffer.appendBigEndian(Int16(-1))
        try await send()
    }

    private mutating func send() async throws {
        try await session.putCopy(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// The values of one row of a COPY, from the first column to the last.
public struct CopyRow: ~Copyable {
    private var bytes: [UInt8]
    private(set) var written = 0

    init(bytes: consuming [UInt8]) { self.bytes = bytes }

    mutating func begin(_ columns: Int) { bytes.appendBigEndian(Int16(columns)) }

    /// The next column's value, `nil` for NULL. Its type has to be the column's own.
    public mutating func append<Value: PostgresEncodable>(_ value: Value?) {
        written += 1
        if let value { value.encodeWithLength(into: &bytes) } else { bytes.appendBigEndian(Int32(-1)) }
    }

    consuming func take() -> [UInt8] { bytes }
}
