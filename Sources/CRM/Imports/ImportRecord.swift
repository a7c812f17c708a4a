import Foundation
import Postgres

/// What one row of a file becomes in the staging table.
protocol ImportRecord: Sendable {
    associatedtype Column: ImportColumn
    /// What the business has that rows may name.
    associatedtype Terms: Sendable
    /// Columns of the staging table.
    static var fieldCount: Int { get }

    /// `nil` when a value is bad, which is reported to the cells.
    init?(_ cells: inout ImportCells<Column>, _ terms: Terms)

    /// Whether nothing would find again what the row makes.
    var lacksReference: Bool { get }

    /// Writes the staging table's columns in their order.
    func write(row: Int, to fields: inout CopyRow)
}

/// As many rows of a file as are written at once.
struct ImportBatch<Record: ImportRecord>: Sendable {
    /// Each with its line, and where its text stands in ``sources``.
    private(set) var records: [(line: Int, record: Record)] = []
    /// The rows that cannot be read.
    private(set) var rejected: [RejectedRow] = []
    /// Every row, whatever came of it.
    var rows = 0
    /// Behind the last row.
    var place = FilePlace.start
    var chunksRead = 0
    var isLast = false

    private var sources: [UInt8] = []
    /// Of all rows, read or rejected.
    private var size = 0
    /// Where each record's text ends in ``sources``.
    private var ends: [Int] = []

    mutating func add(_ record: Record, _ row: CSVRow) {
        sources += row.source
        size += row.size
        ends.append(sources.count)
        records.append((row.line, record))
    }

    mutating func reject(_ row: RejectedRow) {
        rejected.append(row)
        size += row.content.utf8.count
    }

    /// The text of a row that is among the records.
    func content(of line: Int, _ encoding: ImportOptions.Encoding) -> String {
        // Records stand in the order of their lines.
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if records[middle].line < line { low = middle + 1 } else { high = middle }
        }
        guard low < records.count, records[low].line == line else { return "" }
        return ImportSource.content(sources[(low == 0 ? 0 : ends[low - 1])..<ends[low]], encoding)
    }

    /// Whether it is as large as it may be.
    func isFull(_ limits: ImportLimits) -> Bool {
        rows >= limits.batchRows || max(size, sources.count) >= limits.batchBytes
    }
}
