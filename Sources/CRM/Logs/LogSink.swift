import Foundation
import Synchronization

/// Where lines of the log go: standard error. Lines wait in memory for at most a twentieth of a second, so that a busy server
/// writes many at once; what must not be lost is written at once, with what came before it.
public final class LogSink: Sendable {
    private static let pause = 0.05
    /// A line more is written at once.
    private static let limit = 64 * 1024

    private let waiting = Mutex<[UInt8]>([])

    public init() {
        Thread.detachNewThread { [weak self] in
            while true {
                Thread.sleep(forTimeInterval: Self.pause)
                guard let self else { return }
                flush()
            }
        }
        // The last lines of a process that ends of its own.
        atexit { LogSink.shared.withLock { $0?.flush() } }
        Self.shared.withLock { $0 = self }
    }

    private static let shared = Mutex<LogSink?>(nil)

    /// Writes a line, at once with what waits, or soon.
    public func write(_ line: [UInt8], atOnce: Bool) {
        let isFull = waiting.withLock { waiting in
            waiting += line
            waiting.append(UInt8(ascii: "\n"))
            return waiting.count >= Self.limit
        }
        if atOnce || isFull { flush() }
    }

    /// Writes what waits. Lines keep their order, since the lock is held meanwhile.
    public func flush() {
        waiting.withLock { waiting in
            guard !waiting.isEmpty else { return }
            waiting.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
                while !rest.isEmpty {
                    let count = Foundation.write(STDERR_FILENO, rest.baseAddress, rest.count)
                    if count > 0 {
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                    } else if errno != EINTR {
                        break
                    }
                }
            }
            waiting.removeAll(keepingCapacity: true)
        }
    }
}
