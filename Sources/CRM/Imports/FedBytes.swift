/// The bytes that a reader was fed last, and how far it read them. A byte order mark at the beginning of the file is passed over.
struct FedBytes {
    private(set) var bytes: [UInt8] = []
    var position = 0
    private(set) var isAtEnd = false
    /// Bytes of the file before these.
    private var passed: Int
    /// The first bytes of the file, while they may be those of a mark.
    private var held: [UInt8] = []

    /// - Parameter offset: where in the file the first byte is.
    init(from offset: Int) { passed = offset }

    /// Where in the file the next byte is.
    var offset: Int { passed + position }
    var isRead: Bool { position == bytes.count }

    mutating func feed(_ more: [UInt8]) {
        passed += bytes.count
        bytes = held.isEmpty ? more : held + more
        (held, position) = ([], 0)
        guard passed == 0 else { return }
        let mark = Byte.byteOrderMark
        if bytes.count < mark.count, mark.starts(with: bytes) {
            (held, bytes) = (bytes, [])
        } else if bytes.starts(with: mark) {
            position = mark.count
        }
    }

    mutating func finish() {
        if !held.isEmpty { (bytes, held) = (held, []) }
        isAtEnd = true
    }
}
