/// Reads CSV (RFC 4180) row by row from chunks that it is fed, so a file of any size takes the same memory.
///
/// Lines end in CRLF, LF or CR; the last may lack its end. Empty lines and a UTF-8 byte order mark are passed over. What is
/// wrong within a row is told by its cells; reading goes on behind it.
struct CSVReader {
    private enum State {
        case startOfCell
        case bare
        case quoted
        /// Where a cell should end: at a separator, or behind a quotation mark that may yet be the first of two.
        case endOfCell
    }

    private let delimiter: UInt8
    private var fed: FedBytes
    private var state = State.startOfCell
    private var line: Int
    /// A LF that follows belongs to this CR.
    private var isBehindCarriageReturn: Bool
    private var isWithinRow = false

    /// - Parameter place: where an earlier reader came to.
    init(delimiter: UInt8 = Byte.comma, from place: FilePlace = .start) {
        self.delimiter = delimiter
        fed = FedBytes(from: place.offset)
        (line, isBehindCarriageReturn) = (place.line, place.isBehindCarriageReturn)
    }

    /// Behind the row that was read last.
    var place: FilePlace {
        FilePlace(offset: fed.offset, line: line, isBehindCarriageReturn: isBehindCarriageReturn)
    }
}

extension CSVReader: RowReading {
    mutating func feed(_ bytes: [UInt8]) { fed.feed(bytes) }
    mutating func finish() { fed.finish() }

    mutating func next(_ row: inout CSVRow) -> RowOutcome {
        if !isWithinRow {
            row.begin(line: line)
            isWithinRow = true
        }
        if !fed.isRead, scan(&row) {
            isWithinRow = false
            return .row
        }
        guard fed.isAtEnd else { return .starved }
        isWithinRow = false
        if state == .quoted { row.mark(.unterminatedQuote) }
        state = .startOfCell
        if row.isBlank { return .end }
        row.endCell()
        return .row
    }

    /// Goes on to the end of the row, which gives `true`, or of the chunk.
    private mutating func scan(_ row: inout CSVRow) -> Bool {
        // Out of the reader meanwhile, so that nothing is copied.
        let bytes = fed.bytes
        return bytes.withUnsafeBufferPointer { scan($0, &row) }
    }

    private mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ row: inout CSVRow) -> Bool {
        var state = state
        var at = fed.position
        let start = at
        defer {
            self.state = state
            fed.position = at
            row.keep(UnsafeBufferPointer(rebasing: bytes[start..<at]))
        }
        while at < bytes.count {
            switch state {
            case .startOfCell:
                if bytes[at] == Byte.quote {
                    state = .quoted
                    at += 1
                } else if bytes[at] == Byte.lineFeed, isBehindCarriageReturn {
                    at += 1
                } else {
                    state = .bare
                }
                isBehindCarriageReturn = false
            case .bare:
                let start = at
                at = Byte.endOfRun(in: bytes, from: start, delimiter)
                if at > start { row.append(UnsafeBufferPointer(rebasing: bytes[start..<at])) }
                guard at < bytes.count else { break }
                switch bytes[at] {
                case delimiter, Byte.lineFeed, Byte.carriageReturn: state = .endOfCell
                case Byte.quote:
                    row.mark(.strayQuote)
                    at += 1
                default:
                    row.mark(.zeroByte)
                    at += 1
                }
            case .quoted:
                let start = at
                at = Byte.endOfQuotedRun(in: bytes, from: start)
                if at > start {
                    row.append(UnsafeBufferPointer(rebasing: bytes[start..<at]))
                    isBehindCarriageReturn = false
                }
                guard at < bytes.count else { break }
                switch bytes[at] {
                case Byte.quote:
                    state = .endOfCell
                    isBehindCarriageReturn = false
                case 0:
                    row.mark(.zeroByte)
                    isBehindCarriageReturn = false
                default:
                    row.append(UnsafeBufferPointer(rebasing: bytes[at..<at + 1]))
                    countLine(endingIn: bytes[at])
                }
                at += 1
            case .endOfCell:
                switch bytes[at] {
                case Byte.quote:
                    row.append(UnsafeBufferPointer(rebasing: bytes[at..<at + 1]))
                    state = .quoted
                    at += 1
                case delimiter:
                    row.endCell()
                    state = .startOfCell
                    at += 1
                case Byte.lineFeed, Byte.carriageReturn:
                    state = .startOfCell
                    isBehindCarriageReturn = false
                    countLine(endingIn: bytes[at])
                    at += 1
                    if row.isBlank {
                        row.begin(line: line)
                    } else {
                        row.endCell()
                        return true
                    }
                default:
                    row.mark(.strayQuote)
                    state = .bare
                }
            }
        }
        return false
    }

    /// Counts a line once, whether it ends in CR, LF or both.
    private mutating func countLine(endingIn byte: UInt8) {
        if byte == Byte.carriageReturn || !isBehindCarriageReturn { line += 1 }
        isBehindCarriageReturn = byte == Byte.carriageReturn
    }
}
