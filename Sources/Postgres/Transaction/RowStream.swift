/// The rows of one statement as they come from the server; valid within the closure that got it, for one iteration.
public struct RowStream<Row>: AsyncSequence {
    public typealias Element = Row
    public typealias Failure = any Error

    private let statement: Statement<[Row]>
    private let incoming: Incoming

    init(_ statement: Statement<[Row]>, _ incoming: Incoming) {
        self.statement = statement
        self.incoming = incoming
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(statement: statement, incoming: incoming) }

    /// Reads on where the last one stopped.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let statement: Statement<[Row]>
        fileprivate let incoming: Incoming
        /// What the statement made of the row that came last and nobody has yet, the next one last.
        private var rest: [Row] = []

        fileprivate init(statement: Statement<[Row]>, incoming: Incoming) {
            self.statement = statement
            self.incoming = incoming
        }

        /// The next row; `nil` after the last. Read after the closure has returned, it is a
        /// ``PostgresError/Reason/protocolViolation(_:)``.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> Row? {
            while true {
                if !rest.isEmpty { return rest.removeLast() }
                guard let row = try await incoming.row(statement.label) else { return nil }
                let made = try statement.read(row)
                // As nearly every statement does.
                if made.count == 1 { return made[0] }
                rest = made.reversed()
            }
        }
    }
}

/// The data of a `COPY … TO STDOUT` as they come from the server, in chunks of whole rows; valid within the closure
/// that got it, for one iteration.
public struct CopyChunks: AsyncSequence {
    public typealias Element = [UInt8]
    public typealias Failure = any Error

    private let incoming: Incoming

    init(_ incoming: Incoming) { self.incoming = incoming }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(incoming: incoming) }

    /// Reads on where the last one stopped.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let incoming: Incoming

        /// The next chunk, never empty; `nil` after the last. Read after the closure has returned, it is a
        /// ``PostgresError/Reason/protocolViolation(_:)``.
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> [UInt8]? {
            try await incoming.data()
        }
    }
}
