import CLibCurl

/// What libcurl's callbacks see of one transfer: the payload that it reads and the replies that it got.
///
/// It lives on the thread that performs the transfer, which also runs the callbacks.
final class SMTPExchange {
    private let payload: UnsafeRawBufferPointer
    private var offset = 0
    private let deadline: ContinuousClock.Instant
    private var isReplyComplete = true

    /// Whether libcurl asked for the message, that is, the server had agreed to take it.
    private(set) var hasStarted = false
    /// Whether libcurl was told that the message ends. Only then does it send the final dot, so before that the message
    /// is certainly not delivered.
    private(set) var hasFinished = false
    /// The lines of the last replies, the last one perhaps incomplete. After a failure it is the one to QUIT.
    private(set) var replies: [[String]] = []

    /// - Parameters:
    ///   - payload: Must stay valid as long as the exchange.
    ///   - deadline: When libcurl is told to stop whatever it does.
    init(payload: UnsafeRawBufferPointer, deadline: ContinuousClock.Instant) {
        self.payload = payload
        self.deadline = deadline
    }

    static let read: clibcurl_read = { buffer, size, count, context in
        guard let buffer, let context else { return Int(CURL_READFUNC_ABORT) }
        return Unmanaged<SMTPExchange>.fromOpaque(context).takeUnretainedValue()
            .read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
    }

    static let header: clibcurl_header = { line, size, count, context in
        guard let line, let context else { return 0 }
        Unmanaged<SMTPExchange>.fromOpaque(context).takeUnretainedValue()
            .receive(UnsafeRawBufferPointer(start: line, count: size * count))
        return size * count
    }

    static let progress: clibcurl_progress = { context, _, _, _, _ in
        guard let context else { return 0 }
        let exchange = Unmanaged<SMTPExchange>.fromOpaque(context).takeUnretainedValue()
        return ContinuousClock.now < exchange.deadline ? 0 : 1
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        hasStarted = true
        let count = min(buffer.count, payload.count - offset)
        guard count > 0 else {
            hasFinished = true
            return 0
        }
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[offset..<(offset + count)]))
        offset += count
        return count
    }

    private func receive(_ line: UnsafeRawBufferPointer) {
        if isReplyComplete {
            if replies.count == 3 { replies.removeFirst() }
            replies.append([])
        }
        isReplyComplete = line.count < 4 || line[3] != UInt8(ascii: "-")
        let text = String(decoding: line.prefix(512), as: UTF8.self)
        let last = replies.count - 1
        if replies[last].count == 20 { replies[last].removeLast() }
        replies[last].append(text)
    }
}
