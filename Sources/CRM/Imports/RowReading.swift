/// Where in a file the next row begins: bytes before it, and its line, from 1.
struct FilePlace: Sendable, Equatable {
    var offset = 0
    var line = 1
    /// A LF there belongs to the line before.
    var isBehindCarriageReturn = false

    static let start = FilePlace()
}

/// What came of asking for a row.
enum RowOutcome { case row, starved, end }

/// Finds rows in chunks of a file.
protocol RowReading {
    /// Behind the row that was read last.
    var place: FilePlace { get }

    /// Gives it the next bytes, when it is starved.
    mutating func feed(_ bytes: [UInt8])
    /// Says that there are no more.
    mutating func finish()
    mutating func next(_ row: inout CSVRow) -> RowOutcome
}
