/// A column that a file of some kind may have; its raw value counts them from 0.
protocol ImportColumn: RawRepresentable<Int>, CaseIterable, Sendable {
    /// The columns' names in the order of their raw values.
    static var names: [String] { get }
    var isRequired: Bool { get }
}

extension ImportColumn {
    var name: String { Self.names[rawValue] }
}

/// Which of the columns a file has, and where.
struct ImportHeader<Column: ImportColumn> {
    /// How many cells a row has.
    let width: Int
    /// By the column's raw value; `nil` for a column that the file does not have.
    private let positions: [Int?]
    private let columns: [Column?]

    /// - Throws: ``ServiceError/invalid(_:)`` for unknown, missing and repeated columns.
    init(_ row: CSVRow, _ limits: ImportLimits) throws {
        var errors = ImportErrors(limit: limits.maximumErrors)
        var positions = [Int?](repeating: nil, count: Column.names.count)
        var columns: [Column?] = []
        for index in 0..<min(row.count, limits.maximumColumns) {
            var column: Column?
            switch row.cell(index) {
            case .empty: errors.report(row: row.line, column: nil, "unknown_column", "Column \(index + 1) has no name.")
            case .faulty(let fault): errors.report(fault, row: row.line, column: nil, limits)
            case .text(let text):
                if let known = Column.names.firstIndex(of: text.lowercased()) {
                    column = Column(rawValue: known)
                    if positions[known] != nil {
                        errors.report(
                            row: row.line, column: Column.names[known], "duplicate_column", "The column stands twice.")
                    }
                    positions[known] = index
                } else {
                    let known = Column.names.joined(separator: ", ")
                    errors.report(
                        row: row.line, column: nil, "unknown_column",
                        "There is no column \"\(text.prefix(100))\". The columns are \(known), separated by commas.")
                }
            }
            columns.append(column)
        }
        if row.count > limits.maximumColumns {
            errors.report(row: row.line, column: nil, "too_many_columns", "At most \(limits.maximumColumns).")
        }
        for column in Column.allCases where column.isRequired && positions[column.rawValue] == nil {
            errors.report(row: row.line, column: column.name, "missing_column", "The column is required.")
        }
        try errors.check()
        width = row.count
        self.positions = positions
        self.columns = columns
    }

    func position(of column: Column) -> Int? { positions[column.rawValue] }

    /// The name of the column at a place in the row.
    func name(at position: Int) -> String? { position < columns.count ? columns[position]?.name : nil }
}
