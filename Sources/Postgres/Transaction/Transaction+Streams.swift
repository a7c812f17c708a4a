extension Transaction {
    /// Reads the rows of a statement one by one, in bounded memory: the server waits for a slow reader.
    ///
    /// The statement reads each row by itself: a ``Statement/map(_:)`` that leaves out or adds gets one row at a time.
    ///
    /// The sequence ends with the closure. A closure that returns before the last row has the server stop, and the
    /// transaction goes on; what such a statement wrote is undone. The transaction's time limit covers the whole
    /// reading. An error, the server's or the closure's, undoes what the statement did and leaves the transaction
    /// usable; cancelling the task ends the statement (``PostgresError/Reason/cancelled``).
    /// ```swift
    /// try await transaction.stream(statement) { rows in
    ///     for try await row in rows { … }
    /// }
    /// ```
    public mutating func stream<Row, Result>(
        _ statement: Statement<[Row]>, _ body: (RowStream<Row>) async throws -> Result
    ) async throws -> Result {
        try await protected { session in
            let command = statement.command
            return try await session.spans.traced([command].names) {
                try await session.stream(command) { try await body(RowStream(statement, $0)) }
            }
        }
    }

    /// Reads the data of a COPY. `statement` ends in `TO STDOUT` with the format of your choice: text, csv or binary.
    /// It takes no values; any other statement is a ``PostgresError/Reason/protocolViolation(_:)``.
    ///
    /// The chunks are whole rows as the server formats them, about 64 KB at a time and less where the server has no
    /// more ready; for the binary format the first begins with the header. As with ``stream(_:_:)`` the closure may
    /// return early, and an error leaves the transaction usable.
    public mutating func copyOut<Result>(
        _ name: StaticString, _ statement: StaticString, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: (CopyChunks) async throws -> Result
    ) async throws -> Result {
        let label = CallLabel(name.description, fileID, line)
        return try await protected { session in
            try await session.spans.traced([label.name]) {
                try await session.copyOut(statement.description, label) { try await body(CopyChunks($0)) }
            }
        }
    }

    /// Sends data with COPY. `statement` ends in `FROM STDIN` with the format of the data: text, csv or binary.
    ///
    /// The chunks may be cut anywhere. The source is asked for the next one when the socket has taken the last. An
    /// error of the source ends the COPY, which undoes it, and comes out unchanged. An error of the server ends it as a
    /// rule before the next chunk is sent; over TLS, or when many notices come with it, it may be seen only when the
    /// source has ended or at the time limit, whose error then holds its report. After either the transaction can only
    /// fail, unless the COPY stood within ``withSavepoint(_:)``.
    ///
    /// A cancellation and the time limit are noticed with the next chunk, not while the source is waited for. Returns
    /// the number of rows.
    @discardableResult
    public mutating func copyIn<Source: AsyncSequence>(
        _ name: StaticString, _ statement: StaticString, from source: Source, fileID: StaticString = #fileID,
        line: UInt = #line
    ) async throws -> Int where Source.Element: Collection<UInt8> {
        try await sent(CallLabel(name.description, fileID, line), statement) { session in
            for try await chunk in source { try await session.putCopy((chunk as? [UInt8]) ?? Array(chunk)) }
        }
    }

    /// Sends rows with COPY in PostgreSQL's binary format. `statement` ends in `FROM STDIN (FORMAT binary)`.
    ///
    /// Nothing is converted: each value's ``PostgresEncodable/postgresType`` has to be the type of its column, or the
    /// server refuses it (`invalid_binary_representation`) or reads another value. Errors, cancellation and the time
    /// limit are as with ``copyIn(_:_:from:fileID:line:)``. Returns the number of rows.
    @discardableResult
    public mutating func copyIn(
        _ name: StaticString, _ statement: StaticString, fileID: StaticString = #fileID, line: UInt = #line,
        _ body: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await sent(CallLabel(name.description, fileID, line), statement) { session in
            var writer = CopyWriter(session: session)
            try await body(&writer)
            try await writer.finish()
        }
    }

    private mutating func sent(
        _ label: CallLabel, _ statement: StaticString, _ body: (Session) async throws -> Void
    ) async throws -> Int {
        try await sendPending()
        let session = session
        return try await session.spans.traced([label.name]) {
            try await session.copyIn(statement.description, label) { try await body(session) }
        }
    }

    /// Keeps the transaction usable when a reader stops early, which to the server is an error.
    private mutating func protected<Result>(_ body: (Session) async throws -> Result) async throws -> Result {
        try await withSavepoint { transaction in
            try await transaction.sendPending()
            let session = transaction.session
            session.wasLeftEarly = false
            let result = try await body(session)
            // Whether or not the server had finished when it was asked to stop, so that the outcome is one and the same.
            // A closure may also have caught the server's error.
            if session.wasLeftEarly || session.isTransactionFailed { try await transaction.undoStop() }
            return result
        }
    }
}
