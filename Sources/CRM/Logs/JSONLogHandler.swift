import Foundation
public import Logging

/// Writes each entry of the log as one line of JSON: time, level, what wrote it, the message, then what goes with it.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level = .info
    private let label: String
    private let sink: LogSink

    public init(label: String, sink: LogSink) {
        self.label = label
        self.sink = sink
    }

    /// Each name stands once in a line.
    private static let names: Set = ["time", "level", "logger", "message"]

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            json.member(named: "time", Date())
            json.member(named: "level", event.level.rawValue)
            json.member(named: "logger", label)
            json.member(named: "message", "\(event.message)")
            var found = metadata
            for more in [metadataProvider?.get(), event.metadata] {
                if let more { found.merge(more) { _, later in later } }
            }
            for (name, value) in found where !Self.names.contains(name) { json.member(named: name, LogValue(value)) }
        }
        // An error may be the last thing that this process says.
        sink.write(json.bytes, atOnce: event.level >= .error)
    }
}

/// What goes with an entry of the log.
private struct LogValue: JSONRepresentable {
    static var schema: JSONSchema { .anything }
    private let value: Logger.MetadataValue

    init(_ value: Logger.MetadataValue) { self.value = value }

    func write(to json: inout JSONWriter) {
        switch value {
        case .string(let text): json.string(text)
        case .stringConvertible(let value as Int): json.integer(value)
        case .stringConvertible(let value as Double): json.number(value)
        case .stringConvertible(let value): json.string("\(value)")
        case .array(let values): json.array(values.map(LogValue.init))
        case .dictionary(let values):
            json.object { json in for (name, value) in values { json.member(named: name, LogValue(value)) } }
        }
    }
}
