import Foundation
import Postgres

/// Customers as a file, a piece at a time: nothing is kept open however long the reader takes.
public struct CustomerExport: Sendable {
    /// Customers of a piece.
    static let pieceSize = 2000

    private let database: Database

    public init(database: Database) { self.database = database }

    /// The first line of a file.
    public static var example: [UInt8] {
        var csv = CSVWriter()
        ExportedCustomer.writeHeader(to: &csv)
        return csv.bytes
    }

    /// One piece of the file.
    public struct Piece: Sendable {
        public let bytes: [UInt8]
        /// Where the next piece begins; `nil` behind the last.
        public let next: Customer.ID?
    }

    /// Sees whether the filter can be used, and notes in the log that customers are taken along.
    ///
    /// - Parameter isNoted: false where none are.
    /// - Throws: ``ServiceError/invalid(_:)`` for attributes that the business does not keep, or that are something else.
    public func begin(_ context: TenantContext, _ filter: CustomerFilter, isNoted: Bool = true) async throws {
        try filter.admit(context)
        let event = try Event.record("customers.exported", "tenant", context.tenantID.rawValue, by: context)
        try await AttributeFault.explainingFilters {
            switch (try filter.check(of: context.tenantID), isNoted) {
            case (let check?, true): _ = try await database.pipeline(context, check, event)
            case (let check?, false): try await database.run(context, check)
            case (nil, true): _ = try await database.run(context, event)
            case (nil, false): break
            }
        }
    }

    /// - Parameters:
    ///   - last: the customer behind whom it begins, as the piece before says; `nil` for the first one.
    ///   - withMark: whether CSV begins with a byte order mark.
    public func piece(
        _ context: TenantContext, _ filter: CustomerFilter, _ format: ImportOptions.Format, after last: Customer.ID?,
        withMark: Bool = false
    ) async throws -> Piece {
        try filter.admit(context)
        let customers = try await database.run(
            context, ExportStatements.customers(context.tenantID, filter, after: last, limit: Self.pieceSize))
        let next = customers.count == Self.pieceSize ? customers.last.map { Customer.ID(rawValue: $0.id) } : nil
        switch format {
        case .csv:
            var csv = CSVWriter(capacity: customers.count * 256)
            if last == nil {
                if withMark { csv.byteOrderMark() }
                ExportedCustomer.writeHeader(to: &csv)
            }
            for customer in customers { customer.write(to: &csv) }
            return Piece(bytes: csv.bytes, next: next)
        case .ndjson:
            var bytes: [UInt8] = []
            for customer in customers {
                var json = JSONWriter()
                customer.write(to: &json)
                bytes += json.bytes
                bytes.append(Byte.lineFeed)
            }
            return Piece(bytes: bytes, next: next)
        }
    }
}

/// The rows of a file that were wrong, as a file: with what is wrong in columns of its own, which an import passes over.
public enum RejectedFile {
    /// A row of CSV of which the cells cannot be told stands in one cell.
    public static func csv(_ rows: [RejectedRow], of file: FileImport) -> [UInt8] {
        var csv = CSVWriter()
        for row in rows {
            csv.cell(String(row.row), isText: false)
            csv.cell(row.reasons)
            // As an import reads them, which takes an apostrophe before a formula away.
            for cell in cells(of: row.content, file) { csv.cell(Formula.bared(cell)) }
            csv.endRow()
        }
        return csv.bytes
    }

    /// Each row as it stands in the file, with what is wrong in members that an import passes over; a line that is no object stands in
    /// one, as it is.
    public static func ndjson(_ rows: [RejectedRow]) -> [UInt8] {
        var bytes: [UInt8] = []
        for row in rows {
            var members = ["content": JSONNode.string(row.content)]
            if case .object(let object) = row.node { members = object }
            members["import_row"] = .number(Decimal(row.row))
            members["import_errors"] = .string(row.reasons)
            bytes += JSONWriter.bytes(of: members)
            bytes.append(Byte.lineFeed)
        }
        return bytes
    }

    public static func header(of file: FileImport) -> [UInt8] {
        var csv = CSVWriter()
        for column in ImportNotes.columns + ownPlaces(of: file).map({ file.titles[$0] }) { csv.cell(column) }
        csv.endRow()
        return csv.bytes
    }

    /// Where the file's columns are but for the notes of an earlier file of rejected rows.
    private static func ownPlaces(of file: FileImport) -> [Int] {
        file.titles.indices.filter { !ImportNotes.columns.contains(file.titles[$0]) }
    }

    private static func cells(of content: String, _ file: FileImport) -> [String] {
        var reader = CSVReader(delimiter: file.options.delimiter.byte)
        reader.feed(Array(content.utf8))
        reader.finish()
        var row = CSVRow(maximumCellBytes: 1 << 20, maximumColumns: ImportOptions.maximumColumns)
        guard reader.next(&row) == .row, !row.hasQuoteFault else { return [content] }
        let places = row.count == file.titles.count ? ownPlaces(of: file) : Array(0..<row.count)
        return places.prefix(ImportOptions.maximumColumns).map { index in
            if case .text(let text) = row.cell(index) { text } else { "" }
        }
    }
}

extension RejectedRow {
    fileprivate var reasons: String {
        errors.map { "\($0.column.map { "\($0): " } ?? "")\($0.detail)" }.joined(separator: " ")
    }

    /// The row as JSON; `nil` where it is none.
    fileprivate var node: JSONNode? {
        do { return try JSONDecoder().decode(JSONNode.self, from: Data(content.utf8)) } catch { return nil }
    }
}
