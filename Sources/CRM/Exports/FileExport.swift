import Postgres

public typealias CustomerExport = FileExport<ExportedCustomer>
public typealias OrderExport = FileExport<ExportedOrder>

/// What a business has as a file, a piece at a time: nothing is kept open however long the reader takes.
public struct FileExport<Row: ExportedRow>: Sendable {
    /// Rows of a piece.
    static var pieceSize: Int { 2000 }

    private let database: Database

    public init(database: Database) { self.database = database }

    /// The first line of a file.
    public static var example: [UInt8] {
        var csv = CSVWriter()
        writeHeader(to: &csv)
        return csv.bytes
    }

    /// One piece of the file.
    public struct Piece: Sendable {
        public let bytes: [UInt8]
        /// Where the next piece begins; `nil` behind the last.
        public let next: Row.Position?
    }

    /// Sees whether the filter can be used, and notes in the log that something is taken along.
    ///
    /// - Parameter isNoted: false where nothing is.
    /// - Throws: ``ServiceError/invalid(_:)`` for attributes that the business does not keep, or that are something else.
    public func begin(_ context: TenantContext, _ filter: Row.Filter, isNoted: Bool = true) async throws {
        try Row.admit(context, filter)
        let event = try Event.record(
            "\(Row.kind.rawValue).exported", "tenant", context.tenantID.rawValue, by: context)
        try await AttributeFault.explainingFilters {
            switch (try Row.check(context.tenantID, filter), isNoted) {
            case (let check?, true): _ = try await database.pipeline(context, check, event)
            case (let check?, false): try await database.run(context, check)
            case (nil, true): _ = try await database.run(context, event)
            case (nil, false): break
            }
        }
    }

    /// - Parameters:
    ///   - last: the row behind which it begins, as the piece before says; `nil` for the first one.
    ///   - withMark: whether CSV begins with a byte order mark.
    public func piece(
        _ context: TenantContext, _ filter: Row.Filter, _ format: ImportOptions.Format, after last: Row.Position?,
        withMark: Bool = false
    ) async throws -> Piece {
        try Row.admit(context, filter)
        let rows = try await database.run(
            context, Row.rows(context.tenantID, filter, after: last, limit: Self.pieceSize))
        let next = rows.count == Self.pieceSize ? rows.last?.position : nil
        switch format {
        case .csv:
            var csv = CSVWriter(capacity: rows.count * 256)
            if last == nil {
                if withMark { csv.byteOrderMark() }
                Self.writeHeader(to: &csv)
            }
            for row in rows {
                row.write(to: &csv)
                csv.endRow()
            }
            return Piece(bytes: csv.bytes, next: next)
        case .ndjson:
            var bytes: [UInt8] = []
            for row in rows {
                var json = JSONWriter()
                row.write(to: &json)
                bytes += json.bytes
                bytes.append(Byte.lineFeed)
            }
            return Piece(bytes: bytes, next: next)
        }
    }

    private static func writeHeader(to csv: inout CSVWriter) {
        for name in Row.columns { csv.cell(name, isText: false) }
        csv.endRow()
    }
}
