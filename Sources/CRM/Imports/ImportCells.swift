/// The cells of one row by their columns. What is wrong with them is reported as they are read.
struct ImportCells<Column: ImportColumn> {
    let header: ImportHeader<Column>
    let limits: ImportLimits
    var row: CSVRow
    var errors: ImportErrors

    /// The line on which the row begins.
    var line: Int { row.line }

    /// Whether the row has the header's shape; reports what is wrong otherwise.
    mutating func checkShape() -> Bool {
        if row.hasQuoteFault {
            for index in 0..<min(row.count, limits.maximumColumns) {
                if case .faulty(let fault) = row.cell(index), fault == .strayQuote || fault == .unterminatedQuote {
                    errors.report(fault, row: line, column: header.name(at: index), limits)
                }
            }
            return false
        }
        guard row.count == header.width else {
            errors.report(
                row: line, column: nil, "cell_count", "The row has \(row.count) cells, the header \(header.width).")
            return false
        }
        return true
    }

    /// The cell's text; `nil` when it is empty, when the file lacks the column, and when it is bad, which is reported.
    mutating func text(_ column: Column) -> String? {
        guard let position = header.position(of: column) else { return nil }
        switch row.cell(position) {
        case .empty:
            if column.isRequired { report(column, "required", "The cell is empty.") }
            return nil
        case .text(let text): return text
        case .faulty(let fault):
            errors.report(fault, row: line, column: column.name, limits)
            return nil
        }
    }

    /// The cell's text if it passes the rule.
    mutating func text(
        _ column: Column, _ rule: (String, (_ code: String, _ detail: String) -> Void) -> Void
    ) -> String? {
        guard let text = text(column) else { return nil }
        var isGood = true
        rule(text) { code, detail in
            isGood = false
            report(column, code, detail)
        }
        return isGood ? text : nil
    }

    /// What the cell's text stands for; `detail` says what would have been right.
    mutating func value<Value>(_ column: Column, _ detail: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(column) else { return nil }
        let value = parse(text)
        if value == nil { report(column, "invalid", detail) }
        return value
    }

    mutating func report(_ column: Column, _ code: String, _ detail: String) {
        errors.report(row: line, column: column.name, code, detail)
    }
}
