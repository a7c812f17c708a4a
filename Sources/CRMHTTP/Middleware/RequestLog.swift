import CRM
import Foundation
import Hummingbird
import Logging
import Postgres

/// One line a request.
struct RequestLog: Sendable {
    /// Where lines go; without one they go through the logger.
    let sink: LogSink?

    struct Entry {
        let request: Request
        let requestID: String
        /// The template of what answered; `nil` when nothing is at the path.
        let route: String?
        let caller: TenantContext?
        let status: Int
        let duration: Duration
        /// Why it was refused or failed.
        let cause: (any Error)?
    }

    func write(_ entry: Entry, _ logger: Logger) {
        let level = Self.level(of: entry)
        guard logger.logLevel <= level else { return }
        guard let sink else { return logger.log(level: level, "request", metadata: Self.metadata(of: entry)) }
        var json = JSONWriter(capacity: 384)
        json.object { json in
            json.member(named: "time", Date())
            json.member(named: "level", level.rawValue)
            json.member(named: "logger", logger.label)
            json.member(named: "message", "request")
            Self.tell(entry) { name, fact in fact.tell(name, &json) }
        }
        sink.write(json.bytes, atOnce: level >= .error)
    }

    /// Whoever watches the process asks again and again.
    private static func level(of entry: Entry) -> Logger.Level {
        if entry.route.map(HealthRoutes.paths.contains) == true { return .debug }
        return entry.status >= 500 ? .error : .info
    }

    private enum Fact {
        case text(String)
        case integer(Int)
        case number(Double)

        func tell(_ name: String, _ json: inout JSONWriter) {
            switch self {
            case .text(let text): json.member(named: name, text)
            case .integer(let number): json.member(named: name, number)
            case .number(let number): json.member(named: name, number)
            }
        }

        var metadata: Logger.MetadataValue {
            switch self {
            case .text(let text): .string(text)
            case .integer(let number): .stringConvertible(number)
            case .number(let number): .stringConvertible(number)
            }
        }
    }

    private static func tell(_ entry: Entry, _ tell: (String, Fact) -> Void) {
        tell("request_id", .text(entry.requestID))
        tell("method", .text(RequestMetrics.name(of: entry.request.method)))
        // The route's template, never the path: paths hold tokens.
        tell("route", .text(entry.route ?? "none"))
        tell("status", .integer(entry.status))
        tell("ms", .number((entry.duration / .microseconds(1)).rounded() / 1000))
        if let caller = entry.caller {
            tell("tenant", .text(caller.tenantID.description))
            if let actor = caller.actor.name { tell("actor", .text(actor)) }
        }
        if entry.status >= 500, let cause = entry.cause { tell("error", .text(describe(cause))) }
    }

    /// Errors of ours describe themselves without values; what comes from elsewhere is named by its type only.
    static func describe(_ error: any Error) -> String {
        error is PostgresError || error is StaleSchemaError ? "\(error)" : "\(type(of: error))"
    }

    private static func metadata(of entry: Entry) -> Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        tell(entry) { metadata[$0] = $1.metadata }
        return metadata
    }
}
