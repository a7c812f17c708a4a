import Testing

@testable import Postgres

/// Work that is cancelled at some moment. It looks at every answer that comes.
enum CancelledWork: CaseIterable {
    case pipeline, transaction, stream, copyIn, copyOut
    /// A transaction that is in another's way once.
    case repeated
    /// A savepoint that is undone.
    case undone
    /// Values that the socket does not take at once.
    case large
    case script
    /// On a connection that is opened for it.
    case alone

    static let rowsOfCopy = 500
    private static let rowsOfStream = 300

    /// How many pieces the work has between which something is known.
    var steps: Int {
        switch self {
        case .pipeline, .large: 1
        case .script: 2
        case .transaction, .stream, .copyIn, .copyOut, .alone, .repeated: 3
        case .undone: 4
        }
    }

    /// About how many microseconds it takes.
    var duration: Int { self == .repeated ? 40_000 : 6000 }

    private static let sum = Statement(
        "test.sum", "SELECT n FROM generate_series(1, 300) n", all: { try $0.next(Int.self) })
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let conflict = "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"

    static func echo(_ number: Int) -> Statement<Int> {
        Statement("test.echo", "SELECT \(number)", one: { try $0.next() })
    }

    /// - Parameter step: told with each step that begins, from 1; before, it is the first.
    func perform(_ number: Int, _ pool: Pool, step: (Int) -> Void) async throws {
        let echo = Self.echo(number)
        switch self {
        case .pipeline:
            let (first, second) = try await pool.pipeline(echo, Self.echo(-number))
            #expect(first == number && second == -number)
        case .large:
            let text = String(repeating: "\(number % 10)", count: 400_000)
            let same = Statement("test.large", "SELECT \(text)", one: { try $0.next(String.self) })
            #expect(try await pool.pipeline(same) == text)
        case .alone:
            try await Connection.with(pool.configuration) { connection in
                step(1)
                #expect(try await connection.run(echo) == number)
                step(2)
                try await connection.execute(script: "SELECT 1; SELECT 2", name: "test.script")
            }
        case .repeated:
            var attempt = 0
            try await pool.withTransaction(retries: 1) { transaction in
                attempt += 1
                step(attempt)
                #expect(try await transaction.run(echo) == number)
                if attempt < 2 { try await transaction.execute(script: Self.conflict, name: "test.conflict") }
            }
            #expect(attempt == 2)
        default:
            try await pool.withTransaction { transaction in
                try await perform(number, &transaction, step: step)
                step(steps - 1)
            }
        }
    }

    private func perform(_ number: Int, _ transaction: inout Transaction, step: (Int) -> Void) async throws {
        let echo = Self.echo(number)
        switch self {
        case .script: try await transaction.execute(script: "SELECT 1; SELECT 2", name: "test.script")
        case .undone:
            #expect(try await transaction.run(echo) == number)
            do {
                try await transaction.withSavepoint { transaction in
                    step(1)
                    _ = try await transaction.run(Self.divide)
                }
                Issue.record("a division by zero")
            } catch let error as PostgresError where error.state == .divisionByZero {}
            step(2)
            #expect(try await transaction.run(echo) == number)
        case .stream:
            let last = number % 3 == 0 ? number % Self.rowsOfStream : Self.rowsOfStream
            let seen = try await transaction.stream(Self.sum) { rows in
                var seen = 0
                for try await row in rows {
                    seen += 1
                    #expect(row == seen)
                    if row >= last { break }
                }
                return seen
            }
            #expect(seen == max(1, last))
            step(1)
            #expect(try await transaction.run(echo) == number)
        case .copyIn:
            let sent = try await transaction.copyIn("test.in", "COPY t FROM STDIN (FORMAT binary)") { writer in
                step(1)
                for row in 0..<Self.rowsOfCopy {
                    try await writer.row(columns: 1) { $0.append(Int32(row)) }
                    if row % 100 == 0 { await Task.yield() }
                }
            }
            #expect(sent == Self.rowsOfCopy)
        case .copyOut:
            let statement: StaticString = "COPY (SELECT generate_series(1, 3000)) TO STDOUT"
            let lines = try await transaction.copyOut("test.out", statement) { chunks in
                var lines = 0
                for try await chunk in chunks { for byte in chunk where byte == 10 { lines += 1 } }
                return lines
            }
            #expect(lines == 3000)
            step(1)
            #expect(try await transaction.run(echo) == number)
        case .pipeline, .transaction, .repeated, .large, .alone:
            #expect(try await transaction.run(echo) == number)
            step(1)
            let answers = try await transaction.withSavepoint { transaction in
                try await transaction.pipeline(all: [echo, Self.echo(-number)])
            }
            #expect(answers == [number, -number])
        }
    }
}
