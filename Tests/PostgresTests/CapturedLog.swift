import Logging
import Synchronization

/// A log that is kept, so that a test can look at it.
final class CapturedLog: Sendable {
    struct Line: Sendable, Equatable {
        let level: Logger.Level
        let message: String
        let metadata: [String: String]

        var text: String { "\(message) \(metadata)" }
    }

    private let state = Mutex<[Line]>([])

    /// Everything so far, in order.
    var lines: [Line] { state.withLock { $0 } }

    func lines(_ message: String) -> [Line] { lines.filter { $0.message == message } }

    /// Where to log; lines of all levels are kept.
    func logger(level: Logger.Level = .trace) -> Logger {
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
