public import Logging
import Synchronization

/// A log that is kept, so that a test can look at it.
public final class CapturedLog: Sendable {
    public struct Line: Sendable, Equatable {
        public let level: Logger.Level
        public let message: String
        public let metadata: [String: String]

        public init(level: Logger.Level, message: String, metadata: [String: String]) {
            self.level = level
            self.message = message
            self.metadata = metadata
        }

        public var text: String { "\(message) \(metadata)" }
    }

    private let state = Mutex<[Line]>([])

    public init() {}

    /// Everything so far, in order.
    public var lines: [Line] { state.withLock { $0 } }

    public func lines(_ message: String) -> [Line] { lines.filter { $0.message == message } }

    /// Where to log; lines of all levels are kept.
    public func logger(level: Logger.Level = .trace) -> Logger {
        Logger(label: "captured", factory: { _ in Handler(log: self, logLevel: level) })
    }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var all = metadata.merging(event.metadata ?? [:]) { $1 }
            if let error = event.error { all["error"] = "\(error)" }
            let line = Line(level: event.level, message: "\(event.message)", metadata: all.mapValues { "\($0)" })
            log.state.withLock { $0.append(line) }
        }
    }
}
