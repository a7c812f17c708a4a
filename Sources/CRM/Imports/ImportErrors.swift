/// The bad values of a file, as many as are told at once.
struct ImportErrors {
    private(set) var list: [FieldError] = []
    private let limit: Int

    init(limit: Int) { self.limit = max(1, limit) }

    var isEmpty: Bool { list.isEmpty }
    var isFull: Bool { list.count >= limit }

    /// - Parameter column: `nil` when the row as a whole is wrong.
    mutating func report(row: Int, column: String?, _ code: String, _ detail: String) {
        guard !isFull else { return }
        guard let column else {
            var error = FieldError("/\(row)", code, detail)
            error.row = row
            list.append(error)
            return
        }
        list.append(FieldError(row: row, column: column, code, detail))
    }

    mutating func report(_ fault: CSVRow.Fault, row: Int, column: String?, _ limits: ImportLimits) {
        switch fault {
        case .tooLong:
            report(row: row, column: column, "too_long", "At most \(limits.maximumCellBytes) bytes a cell.")
        case .strayQuote:
            report(
                row: row, column: column, "stray_quote",
                "A quotation mark stands inside the cell: quote the whole cell and double the marks in it.")
        case .unterminatedQuote:
            report(row: row, column: column, "unterminated_quote", "The cell's quotation mark is never closed.")
        case .zeroByte:
            report(row: row, column: column, "zero_byte", "A zero byte is not text: save the file as UTF-8.")
        case .notUTF8:
            report(row: row, column: column, "not_utf8", "The bytes are not UTF-8: save the file as UTF-8.")
        }
    }

    mutating func reportDuplicate(_ duplicate: (row: Int, reference: String, first: Int), column: String) {
        report(
            row: duplicate.row, column: column, "duplicate",
            "\"\(duplicate.reference)\" stands also in row \(duplicate.first).")
    }

    /// - Throws: ``ServiceError/invalid(_:)`` when there is any.
    func check() throws {
        if !list.isEmpty { throw ServiceError.invalid(list) }
    }
}
