import Foundation

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
