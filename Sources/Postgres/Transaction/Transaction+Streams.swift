extension Transaction {
    /// Reads the rows of a statement one by one, in bounded memory: the server waits for a slow reader.
    ///
    /// The sequence ends with the closure. A closure that returns before the last row has the server stop, and the
    /// transaction goes on. The transaction's time limit covers the whole reading.
    /// ```swift
    /// try await transaction.stream(statement) { rows in
    ///     for try await row in rows { … }
    /// }
    /// ```
    public mutating func stream<Row, Result>(
        _ statement: Statement<[Row]>, _ body: (RowStream<Row>) async throws -> Result
    ) async throws -> Result {
        try await protected { session in
            try await session.stream(statement.command) { try await body(RowStream(statement, $0)) }
        }
    }

    /// Reads the data of a COPY. `statement` ends in `TO STDOUT` with the format of your choice: text, csv or binary.
    ///
    /// The chunks are whole rows as the server formats them, about 64 KB at a time; for the binary format the first begins
    /// with the header. As with ``stream(_:_:)`` the closure may return early.
    public mutating func copyOut<Result>(
        _ name: StaticString, _ statement: StaticString, _ body: (CopyChunks) async throws -> Result
    ) async throws -> Result {
        try await protected { session in
            try await session.copyOut(statement.description, name: name.description) {
                try await body(CopyChunks($0))
            }
        }
    }

    /// Sends data with COPY. `statement` ends in `FROM STDIN` with the format of the data: text, csv or binary.
    ///
    /// The chunks may be cut anywhere. The source is asked for the next one when the socket has taken the last. An error of
    /// the source ends the COPY, which undoes it, and comes out unchanged; so does an error of the server, at the latest
    /// after the next chunk. Returns the number of rows.
    @discardableResult
    public mutating func copyIn<Source: AsyncSequence>(
        _ name: StaticString, _ statement: StaticString, from source: Source
    ) async throws -> Int where Source.Element: Collection<UInt8> {
        try await sendPending()
        let session = session
        return try await session.copyIn(statement.description, name: name.description) {
            for try await chunk in source { try await session.putCopy(chunk) }
        }
    }

    /// Sends rows with COPY in PostgreSQL's binary format. `statement` ends in `FROM STDIN (FORMAT binary)`.
    ///
    /// Returns the number of rows.
    @discardableResult
    public mutating func copyIn(
        _ name: StaticString, _ statement: StaticString, _ body: (inout CopyWriter) async throws -> Void
    ) async throws -> Int {
        try await sendPending()
        let session = session
        return try await session.copyIn(statement.description, name: name.description) {
            var writer = CopyWriter(session: session)
            try await body(&writer)
            try await writer.finish()
        }
    }

    /// Keeps the transaction usable when a reader stops early, which to the server is an error.
    private mutating func protected<Result>(_ body: (Session) async throws -> Result) async throws -> Result {
        try await withSavepoint { transaction in
            try await transaction.sendPending()
            let session = transaction.session
            let result = try await body(session)
            if session.isTransactionFailed { try await transaction.undoStop() }
            return result
        }
    }
}

extension Session {
    fileprivate func putCopy(_ chunk: some Collection<UInt8>) async throws {
        let contiguous: [UInt8] = (chunk as? [UInt8]) ?? Array(chunk)
        // libpq takes the length as a C int.
        let limit = 1 << 30
        var start = 0
        while start < contiguous.count {
            let end = min(start + limit, contiguous.count)
            try await putCopy(contiguous, start..<end)
            start = end
        }
    }
}
