import Foundation

/// Reads a CSV file (RFC 4180) row by row, a chunk at a time, so a file of any size takes the same memory.
///
/// Lines end in CRLF, LF or CR; the last may lack its end. Empty lines and a UTF-8 byte order mark are passed over. What is
/// wrong within a row is told by its cells; reading goes on behind it.
final class CSVReader {
    private enum State {
        case startOfCell
        case bare
        case quoted
        /// Where a cell should end: at a separator, or behind a quotation mark that may yet be the first of two.
        case endOfCell
    }

    private let file: FileHandle
    private let chunk: UnsafeMutableBufferPointer<UInt8>
    private var filled = 0
    private var position = 0
    private var state = State.startOfCell
    private var line = 1
    /// A LF that follows belongs to this CR.
    private var isBehindCarriageReturn = false
    private var isAtEnd = false

    /// - Throws: Foundation's errors when the file cannot be read.
    init(_ url: URL, chunk size: Int = 256 * 1024) throws {
        file = try FileHandle(forReadingFrom: url)
        chunk = .allocate(capacity: max(1, size))
        if try file.read(upToCount: 3) != Data([0xEF, 0xBB, 0xBF]) { try file.seek(toOffset: 0) }
    }

    deinit { chunk.deallocate() }

    /// Reads the next row into `row`; `false` at the end of the file.
    func next(_ row: inout CSVRow) throws -> Bool {
        row.begin(line: line)
        while !isAtEnd {
            if position < filled {
                if scan(&row) { return true }
            } else if let data = try file.read(upToCount: chunk.count), !data.isEmpty {
                filled = data.copyBytes(to: chunk)
                position = 0
            } else {
                isAtEnd = true
                if state == .quoted { row.mark(.unterminatedQuote) }
                if row.isBlank { return false }
                row.endCell()
                return true
            }
        }
        return false
    }

    /// Goes on to the end of the row, which gives `true`, or of the chunk.
    private func scan(_ row: inout CSVRow) -> Bool {
        let bytes = UnsafeBufferPointer(start: chunk.baseAddress, count: filled)
        var state = state
        var at = position
        defer {
            self.state = state
            position = at
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
                at = Byte.endOfRun(in: bytes, from: start)
                if at > start { row.append(UnsafeBufferPointer(rebasing: bytes[start..<at])) }
                guard at < bytes.count else { break }
                switch bytes[at] {
                case Byte.comma, Byte.lineFeed, Byte.carriageReturn: state = .endOfCell
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
                case Byte.comma:
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
    private func countLine(endingIn byte: UInt8) {
        if byte == Byte.carriageReturn || !isBehindCarriageReturn { line += 1 }
        isBehindCarriageReturn = byte == Byte.carriageReturn
    }
}
