import Dispatch
import Foundation
import Synchronization

/// Where lines of the log go: standard error. Lines wait in memory for at most a twentieth of a second, so that a busy server
/// writes many at once. A thread of its own writes them: a reader that is slow keeps nobody waiting. When too many wait, new
/// ones are dropped, and counted in a line that follows.
public final class LogSink: Sendable {
    private struct Waiting {
        var bytes: [UInt8] = []
        var dropped = 0
    }

    private static let pause = DispatchTimeInterval.milliseconds(50)
    private static let limit = 8 * 1024 * 1024
    /// How long the end of the process waits for a reader.
    private static let patience: Int32 = 1000

    private let waiting = Mutex(Waiting())
    private let writing = Mutex(())
    private let urgent = DispatchSemaphore(value: 0)

    public init() {
        Thread.detachNewThread { [weak self, urgent] in
            while true {
                _ = urgent.wait(timeout: .now() + Self.pause)
                guard let self else { return }
                flush(patience: -1)
            }
        }
        // The last lines of a process that ends of its own.
        atexit { LogSink.last.withLock { $0 }?.flush(patience: LogSink.patience) }
        Self.last.withLock { $0 = self }
    }

    private static let last = Mutex<LogSink?>(nil)

    /// Writes a line soon.
    ///
    /// - Parameter atOnce: whether it may be the last thing that the process says.
    public func write(_ line: [UInt8], atOnce: Bool) {
        waiting.withLock { waiting in
            guard waiting.bytes.count + line.count < Self.limit else {
                waiting.dropped += 1
                return
            }
            waiting.bytes += line
            waiting.bytes.append(UInt8(ascii: "\n"))
        }
        if atOnce { urgent.signal() }
    }

    /// - Parameter patience: milliseconds to wait for a reader; −1 for as long as it takes.
    private func flush(patience: Int32) {
        writing.withLock { _ in
            var lines = waiting.withLock { waiting in
                defer { waiting = Waiting() }
                return waiting
            }
            if lines.dropped > 0 {
                var json = JSONWriter(capacity: 128)
                json.object { json in
                    json.member(named: "time", Date())
                    json.member(named: "level", "error")
                    json.member(named: "message", "lines of the log were dropped, since nobody read them")
                    json.member(named: "dropped", lines.dropped)
                }
                lines.bytes += json.bytes + [UInt8(ascii: "\n")]
            }
            Self.write(lines.bytes, patience: patience)
        }
    }

    private static func write(_ bytes: [UInt8], patience: Int32) {
        bytes.withUnsafeBytes { bytes in
            var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
            while !rest.isEmpty {
                var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                guard poll(&ready, 1, patience) > 0 || errno == EINTR else { return }
                let count = Foundation.write(STDERR_FILENO, rest.baseAddress, min(rest.count, 4096))
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR, errno != EAGAIN {
                    return
                }
            }
        }
    }
}
