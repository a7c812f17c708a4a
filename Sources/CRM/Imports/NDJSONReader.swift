/// Reads newline-delimited JSON line by line; a row has the line as its only cell. Empty lines are passed over.
struct NDJSONReader: RowReading {
    private var fed: FedBytes
    private var line: Int
    private var isWithinRow = false

    init(from place: FilePlace = .start) {
        fed = FedBytes(from: place.offset)
        line = place.line
    }

    var place: FilePlace { FilePlace(offset: fed.offset, line: line) }

    mutating func feed(_ bytes: [UInt8]) { fed.feed(bytes) }
    mutating func finish() { fed.finish() }

    mutating func next(_ row: inout CSVRow) -> RowOutcome {
        while !fed.isRead {
            if !isWithinRow {
                row.begin(line: line)
                isWithinRow = true
            }
            let end = fed.bytes[fed.position...].firstIndex(of: Byte.lineFeed)
            fed.bytes.withUnsafeBufferPointer { bytes in
                let run = UnsafeBufferPointer(rebasing: bytes[fed.position..<(end ?? bytes.count)])
                row.append(run)
                row.keep(run)
            }
            fed.position = end.map { $0 + 1 } ?? fed.bytes.count
            guard end != nil else { break }
            line += 1
            isWithinRow = false
            if row.isEmptyLine { continue }
            row.endCell()
            return .row
        }
        guard fed.isAtEnd else { return .starved }
        let isLast = isWithinRow && !row.isEmptyLine
        isWithinRow = false
        guard isLast else { return .end }
        row.endCell()
        return .row
    }
}
