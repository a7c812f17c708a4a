import DequeModule
import Glibc
import NIOCore

/// What a channel has still to write, in order.
struct PendingWrites {
    private struct Item {
        var buffer: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    enum Outcome { case done, blocked, failed(Int32) }

    /// Most buffers that one call of the system takes.
    private static let buffersAtOnce = 16

    private var items = Deque<Item>()
    /// How many of the first are to be written now.
    private var flushed = 0
    private(set) var bytes = 0

    var isEmpty: Bool { items.isEmpty }
    var isFlushed: Bool { flushed > 0 }

    mutating func append(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        bytes += buffer.readableBytes
        items.append(Item(buffer: buffer, promise: promise))
    }

    mutating func flush() { flushed = items.count }

    /// Writes what is flushed as far as the socket takes it.
    ///
    /// - Parameter written: the promises of what went out whole; keep them until nothing here changes any more.
    mutating func write(to socket: Int32, _ written: inout [EventLoopPromise<Void>]) -> Outcome {
        while flushed > 0 {
            let count = flushed == 1 ? writeFirst(to: socket) : writeSeveral(to: socket)
            guard count >= 0 else {
                let code = errno
                if code == EINTR { continue }
                return code == EAGAIN || code == EWOULDBLOCK ? .blocked : .failed(code)
            }
            take(count, &written)
        }
        return .done
    }

    /// All promises, which will not be kept.
    mutating func removeAll() -> [EventLoopPromise<Void>] {
        defer { (items, flushed, bytes) = ([], 0, 0) }
        return items.compactMap(\.promise)
    }

    private func writeFirst(to socket: Int32) -> Int {
        items[0].buffer.withUnsafeReadableBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private func writeSeveral(to socket: Int32) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.buffersAtOnce) { vectors in
            let count = min(flushed, Self.buffersAtOnce)
            for index in 0..<count {
                // The buffers' storage stays where it is: nothing changes them before the call is over.
                items[index].buffer.withUnsafeReadableBytes { bytes in
                    vectors[index] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                }
            }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = count
            return sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
        }
    }

    private mutating func take(_ count: Int, _ written: inout [EventLoopPromise<Void>]) {
        bytes -= count
        var left = count
        while flushed > 0, left >= items[0].buffer.readableBytes {
            let item = items.removeFirst()
            left -= item.buffer.readableBytes
            flushed -= 1
            if let promise = item.promise { written.append(promise) }
        }
        if left > 0 { items[0].buffer.moveReaderIndex(forwardBy: left) }
    }
}
