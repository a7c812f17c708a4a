import FoundationEssentials
import Postgres

/// One failed attempt as it stands in `job.job.errors` and `job.dead.errors`.
struct JobFailure: Encodable {
    let attempt: Int
    let at: Date
    let error: String

    static let none = JSONText(utf8: Array("[]".utf8))

    /// A JSON array of one failure. The text is cut at 2,000 characters and freed of NUL, which `jsonb` cannot hold.
    static func list(attempt: Int, at: Date, error: String) -> JSONText {
        let text = String(error.prefix(2_000).filter { $0 != "\0" })
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        do {
            return JSONText(utf8: Array(try encoder.encode([JobFailure(attempt: attempt, at: at, error: text)])))
        } catch {
            // Numbers, a date and text always encode; the attempt's count tells the rest if ever they did not.
            return none
        }
    }
}

extension Error {
    /// What may stand in a log: the text of errors that hold no data, the type of others.
    var loggable: String {
        self is PostgresError || self is JobError ? "\(self)" : "\(type(of: self))"
    }
}
