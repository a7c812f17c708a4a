/// One row of a CSV file: its cells without their quotes, in one buffer that the next row takes over.
struct CSVRow {
    /// What is wrong with a cell.
    enum Fault: Equatable {
        /// More bytes than a cell may have; they were not kept.
        case tooLong
        /// A quotation mark within a bare cell, or something behind a closing one.
        case strayQuote
        /// The file ended before the closing quotation mark.
        case unterminatedQuote
        /// A zero byte, which PostgreSQL's text cannot hold.
        case zeroByte
        case notUTF8
    }

    enum Cell: Equatable {
        case empty
        case text(String)
        case faulty(Fault)
    }

    private struct Extent {
        let start: Int
        let end: Int
        let fault: Fault?
    }

    /// The line of the file on which the row begins, from 1.
    private(set) var line = 1
    /// The cells that the row has, also those beyond the limit, which are not kept.
    private(set) var count = 0

    private let maximumCellBytes: Int
    private let maximumColumns: Int
    private let encoding: ImportOptions.Encoding
    /// The row as it stands in the file; nothing of one that is longer than is kept, so that no half of one comes in again.
    private(set) var source: [UInt8] = []
    private var isSourceTooLong = false
    private var bytes: [UInt8] = []
    private var extents: [Extent] = []
    private var start = 0
    private var fault: Fault?

    init(maximumCellBytes: Int, maximumColumns: Int, encoding: ImportOptions.Encoding = .utf8) {
        self.maximumCellBytes = maximumCellBytes
        self.maximumColumns = maximumColumns
        self.encoding = encoding
    }

    // MARK: Reading

    /// The cell without blanks and tabs around it. The row has to have it.
    func cell(_ index: Int) -> Cell {
        let extent = extents[index]
        if let fault = extent.fault { return .faulty(fault) }
        return bytes.withUnsafeBufferPointer { bytes in
            var (start, end) = (extent.start, extent.end)
            while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
            while start < end, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
            if start == end { return .empty }
            guard let text = encoding.text(UnsafeBufferPointer(rebasing: bytes[start..<end])) else {
                return .faulty(.notUTF8)
            }
            return .text(text)
        }
    }

    /// Whether a quotation mark went wrong, so that the number of cells tells nothing.
    var hasQuoteFault: Bool {
        extents.contains { $0.fault == .strayQuote || $0.fault == .unterminatedQuote }
    }

    // MARK: Writing

    mutating func begin(line: Int) {
        self.line = line
        count = 0
        bytes.removeAll(keepingCapacity: true)
        extents.removeAll(keepingCapacity: true)
        start = 0
        fault = nil
        source.removeAll(keepingCapacity: true)
        isSourceTooLong = false
    }

    /// Keeps what the row is made of.
    mutating func keep(_ run: UnsafeBufferPointer<UInt8>) {
        isSourceTooLong = isSourceTooLong || source.count + run.count > Self.maximumSource
        if isSourceTooLong { source.removeAll(keepingCapacity: true) } else { source.append(contentsOf: run) }
    }

    private static let maximumSource = 64 * 1024

    /// Bytes of its cells.
    var size: Int { bytes.count }

    /// Whether nothing was put into the row.
    var isBlank: Bool { count == 0 && start == bytes.count && fault == nil }

    /// Whether nothing but blanks was put into the row.
    var isEmptyLine: Bool { fault == nil && bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == Byte.carriageReturn } }

    mutating func append(_ run: UnsafeBufferPointer<UInt8>) {
        guard fault != .tooLong, count < maximumColumns else { return }
        if bytes.count - start + run.count > maximumCellBytes {
            bytes.removeLast(bytes.count - start)
            fault = .tooLong
        } else {
            bytes.append(contentsOf: run)
        }
    }

    /// Marks the present cell; the first fault stands, but for a quote that was never closed.
    mutating func mark(_ new: Fault) {
        if fault == nil || new == .unterminatedQuote { fault = new }
    }

    mutating func endCell() {
        if count < maximumColumns {
            extents.append(Extent(start: start, end: bytes.count, fault: fault))
            start = bytes.count
        }
        fault = nil
        count += 1
    }
}
