import Postgres
import Synchronization
import Testing

/// What a test was told about each row that it inserted, against what is there in the end.
final class Ledger: Sendable {
    private enum Entry { case committed, unknown, refused }

    static let table = "CREATE TABLE ledger (n int8 NOT NULL)"

    private let entries = Mutex<[Int: Entry]>([:])
    private let last = Atomic<Int>(0)

    var committed: Int { entries.withLock { $0.values.count { $0 == .committed } } }
    var unknown: Int { entries.withLock { $0.values.count { $0 == .unknown } } }
    var failed: Int { entries.withLock { $0.values.count { $0 != .committed } } }

    static func insert(_ number: Int) -> Statement<Int> {
        Statement("test.insert", "INSERT INTO ledger VALUES (\(number))")
    }

    /// Lets the body insert a row of its own and notes what became of it. Whatever is thrown has to be a `PostgresError`,
    /// which comes back; `nil` when the row was committed.
    @discardableResult
    func note(_ body: (Int) async throws -> Void) async throws -> PostgresError? {
        let number = last.wrappingAdd(1, ordering: .relaxed).newValue
        do {
            try await body(number)
            entries.withLock { $0[number] = .committed }
            return nil
        } catch let error as PostgresError {
            entries.withLock { $0[number] = error.reason == .commitUnknown ? .unknown : .refused }
            return error
        }
    }

    /// Expects each committed row once, each of those that are not known once or not at all, and no other.
    ///
    /// - Parameter copies: how often each row was inserted at once.
    func check(
        _ configuration: Configuration, copies: Int = 1, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let rows = try await Connection.with(configuration) {
            try await $0.run(
                Statement(
                    "test.rows", "SELECT n, count(*) FROM ledger GROUP BY n",
                    all: { row in (try row.next(Int.self), try row.next(Int.self)) }))
        }
        let counts = Dictionary(uniqueKeysWithValues: rows)
        let wrong = entries.withLock { entries in
            entries.filter { number, entry in
                switch (entry, counts[number] ?? 0) {
                case (.committed, copies), (.unknown, 0), (.unknown, copies), (.refused, 0): false
                default: true
                }
            }
        }
        let found = wrong.map { "\($0) was \($1) and is there \(counts[$0] ?? 0) times" }
        #expect(found.isEmpty, sourceLocation: sourceLocation)
        let strangers = counts.keys.filter { number in entries.withLock { $0[number] == nil } }
        #expect(strangers.isEmpty, sourceLocation: sourceLocation)
    }
}
