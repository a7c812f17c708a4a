public import Foundation
import Postgres

/// A file of customers or orders on its way in, and what came of it.
///
/// Every row that was read is one of created, updated, unchanged and rejected.
public struct FileImport: Sendable, Equatable {
    public typealias ID = Identifier<FileImport>

    public enum Kind: String, JSONChoice { case customers, orders }

    public enum State: String, JSONChoice {
        case waiting, running, done, failed, cancelled

        /// Whether nothing more comes of it by itself.
        public var isOver: Bool { self == .done || self == .failed || self == .cancelled }
    }

    /// Why an import failed.
    public struct Failure: Sendable, Equatable {
        public let code: String
        public let detail: String
    }

    public let id: ID
    public let kind: Kind
    public let state: State
    public let options: ImportOptions
    /// What the columns of the file are called there; none of NDJSON.
    public let titles: [String]
    /// Bytes of the file as it came.
    public let size: Int
    /// How much of it was read, 0 to 1.
    public let progress: Double
    public let counts: ImportCounts
    public let failure: Failure?
    public let actorKind: String
    public let actorID: UUID?
    public let startedAt: Date?
    public let endedAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// What became of the rows of a file.
public struct ImportCounts: Sendable, Equatable {
    public var rows = 0
    public var created = 0
    public var updated = 0
    public var rejected = 0

    public init(rows: Int = 0, created: Int = 0, updated: Int = 0, rejected: Int = 0) {
        (self.rows, self.created, self.updated, self.rejected) = (rows, created, updated, rejected)
    }

    public var unchanged: Int { rows - created - updated - rejected }

    static func += (counts: inout ImportCounts, more: ImportCounts) {
        counts.rows += more.rows
        counts.created += more.created
        counts.updated += more.updated
        counts.rejected += more.rejected
    }
}

extension FileImport: Resource {
    public static let schemaName = "Import"
    public static let kind = "import"
    public static let schemaDescription =
        "A file on its way in, and what came of it. Every row that was read is one of created, updated, unchanged and rejected."
    public static var example: FileImport {
        FileImport(
            id: Example.id(), kind: .customers, state: .done, options: ImportOptions(), titles: ["reference", "name"],
            size: 412, progress: 1,
            counts: ImportCounts(rows: 7, created: 5, updated: 1, rejected: 1), failure: nil, actorKind: "key",
            actorID: Example.uuid, startedAt: Example.time, endedAt: Example.later, version: 3,
            createdAt: Example.time, updatedAt: Example.later)
    }

    public func members(_ json: inout JSONWriter) {
        json.member("id", id, "The import's id.")
        json.member("kind", kind, "What is imported.")
        json.member(
            "state", state,
            "failed and cancelled ones can be resumed within seven days, if something of the file is left to read.")
        json.member("format", options.format, "What the file is.")
        json.member("encoding", options.encoding, "How its text is written.")
        json.member("key", options.key, "What rows are found again by.")
        json.member("mode", options.mode, "What becomes of a file in which some rows are wrong.")
        json.member("dry_run", options.isDryRun, "Whether the file is only tried, and nothing stays.")
        json.member("size", size, "Bytes of the file as it came.")
        json.member("progress", progress, "How much of it was read, 0 to 1.")
        json.member("rows", counts.rows, "Rows that were read, without a header.")
        json.member("created", counts.created, "Rows that made something new.")
        json.member("updated", counts.updated, "Rows that changed something.")
        json.member("unchanged", counts.unchanged, "Rows that said what was there.")
        json.member("rejected", counts.rejected, "Rows that were wrong; rejected-rows tells why.")
        json.member("failure", failure, "Why it failed.")
        json.member("actor_kind", actorKind, "What kind of caller sent it.")
        json.member("actor_id", actorID, "Which member or key sent it; null for the command line.")
        json.member("started_at", startedAt, "When it was begun.")
        json.member("ended_at", endedAt, "When it was over.")
        json.history(version: version, createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension FileImport.Failure: JSONObject {
    public static let schemaName = "ImportFailure"
    public static let schemaDescription = "Why an import failed."
    public static var example: FileImport.Failure {
        FileImport.Failure(code: "rows_rejected", detail: "2 rows are wrong.")
    }

    public func members(_ json: inout JSONWriter) {
        json.member("code", code, "For programs.")
        json.member("detail", detail, "For people.")
    }
}

extension FileImport: Listed {
    public static var isNewestFirst: Bool { true }
    public static var orders: [ListOrder<FileImport>] { [.time("created_at", "i.created_at") { $0.createdAt }] }
}

/// Which imports a list shows: all of a kind unless it says otherwise.
public struct ImportFilter: Sendable {
    public var states: [FileImport.State]?

    public init() {}
}
