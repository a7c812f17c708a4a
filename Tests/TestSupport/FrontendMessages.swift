/// Counts what a PostgreSQL client says, message by message, in a stream that comes in pieces of any size.
///
/// (PostgreSQL 15, "Message Formats".) A client that goes over to TLS is not understood any more.
struct FrontendMessages: Sendable {
    /// How many messages of each type began, by the letter of the type; those before the session starts have none.
    private(set) var counts: [Character: Int] = [:]
    /// Whether the client only asks to cancel another session's work.
    private(set) var isCancelRequest = false

    private var isStarting = true
    /// What is known of the present message's head: type, length; length and code while the session starts.
    private var head: [UInt8] = []
    /// Bytes of the present message that are still to come.
    private var rest = 0

    private enum Code {
        static let cancel: UInt32 = 80_877_102
        static let tls: UInt32 = 80_877_103
        static let gss: UInt32 = 80_877_104
    }

    mutating func read(_ bytes: ArraySlice<UInt8>) {
        var bytes = bytes
        while !bytes.isEmpty {
            if rest > 0 {
                let skipped = min(rest, bytes.count)
                bytes.removeFirst(skipped)
                rest -= skipped
                continue
            }
            head.append(bytes.removeFirst())
            if isStarting, head.count == 8 {
                startupMessage(length: number(head[0..<4]), code: number(head[4..<8]))
            } else if !isStarting, head.count == 5 {
                counts[Character(Unicode.Scalar(head[0])), default: 0] += 1
                beginBody(of: Int(number(head[1..<5])) - 4)
            }
        }
    }

    private mutating func startupMessage(length: UInt32, code: UInt32) {
        isCancelRequest = code == Code.cancel
        isStarting = code == Code.tls || code == Code.gss
        beginBody(of: Int(length) - 8)
    }

    private mutating func beginBody(of count: Int) {
        rest = max(0, count)
        head.removeAll(keepingCapacity: true)
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}
