/// A column that a file of some kind may have; its raw value counts them from 0.
protocol ImportColumn: RawRepresentable<Int>, CaseIterable, Sendable {
    /// The columns' names in the order of their raw values.
    static var columnNames: [String] { get }
    /// What the columns are called in other programs and languages, in small letters.
    static var aliases: [String: Self] { get }
    /// Without it a file cannot be read.
    var isRequired: Bool { get }
    /// What a name behind a dot may be, for a column of which a file has several, `names.Latn`; one without a dot holds all of them in a
    /// JSON object.
    var family: TextRule? { get }
}

extension ImportColumn {
    var name: String { Self.columnNames[rawValue] }

    /// The column that a name stands for, and what stands behind the dot.
    static func named(_ text: String) -> (column: Self, member: String?)? {
        let text = text.trimmingPrefix { $0 == " " }
        let known = text.lowercased()
        if let index = columnNames.firstIndex(of: known), let column = Self(rawValue: index) { return (column, nil) }
        if let column = aliases[known] { return (column, nil) }
        guard let dot = text.firstIndex(of: "."),
            let index = columnNames.firstIndex(of: text[..<dot].lowercased()), let column = Self(rawValue: index),
            let rule = column.family
        else { return nil }
        let member = String(text[text.index(after: dot)...])
        return rule.fault(of: member) == nil ? (column, member) : nil
    }

    /// For people who chose a name that is none.
    static var allNames: String {
        allCases.map { $0.family == nil ? $0.name : "\($0.name).…" }.joined(separator: ", ")
    }
}

/// What stands in files of the product's own beside what is imported.
enum ImportNotes {
    /// What is wrong with rows that were rejected, in the file of them that is mended and comes again.
    static let columns = ["import_row", "import_errors"]
    static let passedOver: Set<String> = Set(columns + ["created_at", "updated_at"])
}

/// Which of the columns a CSV file has, and where.
struct ImportHeader<Column: ImportColumn> {
    /// A column of which a file has several.
    struct Member {
        let column: Column
        let name: String
        let position: Int
    }

    /// How many cells a row has.
    let width: Int
    /// The names as they stand in the file, without what an export wrote before such that look like formulas.
    let titles: [String]
    private(set) var members: [Member] = []
    /// By the column's raw value; `nil` for a column that the file does not have.
    private var positions = [Int?](repeating: nil, count: Column.columnNames.count)
    private var names: [String?] = []

    /// - Throws: ``ServiceError/invalid(_:)`` for unknown, missing and repeated columns.
    init(_ row: CSVRow, _ options: ImportOptions, _ limits: ImportLimits) throws {
        var errors = ImportErrors(limit: limits.maximumErrors)
        var titles: [String] = []
        for index in 0..<min(row.count, limits.maximumColumns) {
            var title = ""
            switch row.cell(index) {
            case .empty: errors.report(row: row.line, column: nil, "unknown_column", "Column \(index + 1) has no name.")
            case .faulty(let fault): errors.report(fault, row: row.line, column: nil, limits)
            case .text(let text): title = options.columns.keys.contains(text) ? text : Formula.bared(text)
            }
            titles.append(title)
        }
        (width, self.titles) = (row.count, titles)
        for (index, title) in titles.enumerated() { names.append(place(title, index, row, options, &errors)) }
        if row.count > limits.maximumColumns {
            errors.report(row: row.line, column: nil, "too_many_columns", "At most \(limits.maximumColumns).")
        }
        for column in Column.allCases where column.isRequired && positions[column.rawValue] == nil {
            errors.report(row: row.line, column: column.name, "missing_column", "The column is required.")
        }
        for name in options.columns.keys.sorted() where !titles.contains(name) {
            errors.report(row: row.line, column: nil, "missing_column", "There is no column \"\(name.prefix(100))\".")
        }
        try errors.check()
    }

    /// What is likely wrong with a file that has one column.
    private static func hint(_ columns: Int, _ title: String) -> String {
        guard columns == 1, let other = ImportOptions.Delimiter.allCases.first(where: { title.utf8.contains($0.byte) })
        else { return "" }
        return "If the columns are divided otherwise, say so: ?delimiter=\(other.rawValue). "
    }

    /// Notes where a column is; gives its name.
    private mutating func place(
        _ title: String, _ index: Int, _ row: CSVRow, _ options: ImportOptions, _ errors: inout ImportErrors
    ) -> String? {
        if title.isEmpty || ImportNotes.passedOver.contains(title) { return nil }
        let mapped = options.columns[title]
        if case .some(.none) = mapped { return nil }
        guard let (column, member) = Column.named((mapped ?? title) ?? title) else {
            errors.report(
                row: row.line, column: nil, "unknown_column",
                "There is no column \"\(title.prefix(100))\". \(Self.hint(row.count, title))The columns are \(Column.allNames)."
            )
            return nil
        }
        let name = member.map { "\(column.name).\($0)" } ?? column.name
        if names.contains(name) {
            errors.report(row: row.line, column: name, "duplicate_column", "The column stands twice.")
        }
        if let member {
            members.append(Member(column: column, name: member, position: index))
        } else {
            positions[column.rawValue] = index
        }
        return name
    }

    func position(of column: Column) -> Int? { positions[column.rawValue] }

    func hasOther(than usual: Set<String>) -> Bool { names.contains { $0.map { !usual.contains($0) } ?? false } }

    func has(_ name: String) -> Bool { names.contains(name) }

    /// The name of the column at a place in the row.
    func name(at position: Int) -> String? { position < names.count ? names[position] : nil }
}
