/// Reads a file's rows, as many at once as are written at once.
struct ImportReader<Record: ImportRecord> {
    private let options: ImportOptions
    private let limits: ImportLimits
    private var source: ImportSource
    private var rows: any RowReading
    private var row: CSVRow
    private var isAtEnd = false
    /// `nil` for a file without one.
    let header: ImportHeader<Record.Column>?

    /// - Parameter place: where to go on; the header is read in any case.
    /// - Throws: ``ServiceError/invalid(_:)`` with row 1 for a bad header, and for a file without rows; ``ImportFault``.
    init(
        _ options: ImportOptions, _ limits: ImportLimits, from place: FilePlace = .start,
        fetch: @escaping ImportSource.Fetch
    ) async throws {
        self.options = options
        self.limits = limits
        row = CSVRow(
            maximumCellBytes: limits.maximumCellBytes, maximumColumns: limits.maximumColumns, encoding: options.encoding
        )
        source = try ImportSource(isGzip: options.isGzip, from: 0, limit: limits.maximumBytes, fetch: fetch)
        rows = Self.reader(options, from: .start)
        guard options.format == .csv else {
            header = nil
            try await go(to: place, fetch)
            return
        }
        var first = row
        guard try await Self.next(&first, &rows, &source, mostBytes: limits.maximumRowBytes) else {
            throw Self.empty("The file is empty.")
        }
        header = try ImportHeader(first, options, limits)
        try await go(to: place, fetch)
    }

    private mutating func go(to place: FilePlace, _ fetch: @escaping ImportSource.Fetch) async throws {
        guard place.offset > rows.place.offset else { return }
        source = try ImportSource(
            isGzip: options.isGzip, from: place.offset, limit: limits.maximumBytes, fetch: fetch)
        rows = Self.reader(options, from: place)
    }

    private static func reader(_ options: ImportOptions, from place: FilePlace) -> any RowReading {
        switch options.format {
        case .csv: CSVReader(delimiter: options.delimiter.byte, from: place)
        case .ndjson: NDJSONReader(from: place)
        }
    }

    private static func next(
        _ row: inout CSVRow, _ rows: inout any RowReading, _ source: inout ImportSource, mostBytes: Int
    ) async throws -> Bool {
        let start = rows.place.offset
        while true {
            switch rows.next(&row) {
            case .row: return true
            case .end: return false
            case .starved:
                // Others want the processor too, however long a row is.
                try Task.checkCancellation()
                await Task.yield()
                if rows.place.offset - start > mostBytes {
                    throw ImportFault(
                        "too_large", "A row, or the blank lines before it, have more than \(mostBytes) bytes.")
                }
                if let bytes = try await source.next() { rows.feed(bytes) } else { rows.finish() }
            }
        }
    }

    /// Refuses a file in which no row follows.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``; ``ImportFault``.
    mutating func requireRow() async throws {
        guard try await Self.next(&row, &rows, &source, mostBytes: limits.maximumRowBytes) else {
            throw Self.empty(options.format == .csv ? "No row follows the header." : "The file is empty.")
        }
    }

    /// The next rows; the batch says whether they are the last.
    mutating func batch(_ terms: Record.Terms) async throws -> ImportBatch<Record> {
        var batch = ImportBatch<Record>()
        while !isAtEnd, !batch.isFull(limits) {
            if batch.rows % 512 == 511 {
                try Task.checkCancellation()
                // Others want the processor too.
                await Task.yield()
            }
            guard try await Self.next(&row, &rows, &source, mostBytes: limits.maximumRowBytes) else {
                isAtEnd = true
                break
            }
            batch.rows += 1
            var cells = ImportCells<Record.Column>(row, header, options, limits)
            let record = cells.errors.isEmpty ? Record(&cells, terms) : nil
            if let record, cells.errors.isEmpty {
                batch.add(record, row)
            } else {
                batch.reject(
                    RejectedRow(
                        row: row.line, errors: cells.errors.list,
                        content: ImportSource.content(row.source, options.encoding)))
            }
        }
        batch.place = rows.place
        batch.chunksRead = source.chunksRead
        batch.isLast = isAtEnd
        return batch
    }

    /// Whether the file may have more than the columns that nearly all have.
    func hasDetails() -> Bool where Record == CustomerRecord {
        header.map { $0.hasOther(than: CustomerRecord.usual) } ?? true
    }

    /// Refuses a CSV file without the column by which its rows are found again.
    func requireKey(_ options: ImportOptions) throws where Record == CustomerRecord {
        let column = CustomerImportKey(options.key).column
        guard let header, !header.has(column) else { return }
        var errors = ImportErrors(limit: 1)
        errors.report(row: 1, column: column, "missing_column", "The customers are found again by it.")
        try errors.check()
    }

    private static func empty(_ detail: String) -> ServiceError {
        var errors = ImportErrors(limit: 1)
        errors.report(row: 1, column: nil, "empty_file", detail)
        return .invalid(errors.list)
    }
}
