import Foundation
import Postgres

/// What one row of a file becomes in the staging table.
protocol ImportRecord {
    associatedtype Column: ImportColumn
    /// Columns of the staging table.
    static var fieldCount: Int { get }

    /// `nil` when a value is bad, which is reported to the cells.
    init?(_ cells: inout ImportCells<Column>)

    /// Writes the staging table's columns in their order.
    func write(row: Int, to fields: inout CopyRow)
}

/// A file of records, read from the header to the end once.
struct ImportFile<Record: ImportRecord> {
    private let reader: CSVReader
    private let limits: ImportLimits
    private var cells: ImportCells<Record.Column>
    private var pending: Bool

    /// Reads the header and looks whether a row follows it.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` with row 1; Foundation's errors when the file cannot be read.
    init(_ url: URL, _ limits: ImportLimits) throws {
        reader = try CSVReader(url)
        self.limits = limits
        var row = CSVRow(maximumCellBytes: limits.maximumCellBytes, maximumColumns: limits.maximumColumns)
        guard try reader.next(&row) else { throw Self.empty("The file is empty.") }
        let header = try ImportHeader<Record.Column>(row, limits)
        pending = try reader.next(&row)
        guard pending else { throw Self.empty("No row follows the header.") }
        cells = ImportCells(header: header, limits: limits, row: row, errors: ImportErrors(limit: limits.maximumErrors))
    }

    /// Sends every row to the staging table and gives their number.
    ///
    /// Nothing more is sent behind a bad row, but reading goes on until as many errors are known as are told.
    ///
    /// - Throws: ``ServiceError/invalid(_:)`` with every bad value.
    mutating func copy(to writer: inout CopyWriter) async throws -> Int {
        var rows = 0
        while pending, !cells.errors.isFull {
            rows += 1
            if rows > limits.maximumRows {
                cells.errors.report(
                    row: cells.line, column: nil, "too_many_rows", "At most \(limits.maximumRows) rows a file.")
                break
            }
            if rows % 512 == 0 {
                try Task.checkCancellation()
                // Others want the processor too.
                await Task.yield()
            }
            let record = cells.checkShape() ? Record(&cells) : nil
            if let record, cells.errors.isEmpty {
                let line = cells.line
                try await writer.row(columns: Record.fieldCount) { record.write(row: line, to: &$0) }
            }
            pending = try reader.next(&cells.row)
        }
        try cells.errors.check()
        return rows
    }

    private static func empty(_ detail: String) -> ServiceError {
        var errors = ImportErrors(limit: 1)
        errors.report(row: 1, column: nil, "empty_file", detail)
        return .invalid(errors.list)
    }
}
