import CLibPQ

/// COPY, streams and scripts: what libpq does not do inside a pipeline.
extension Session {
    /// Leaves pipeline mode for the body and enters it again.
    private func apart<Result>(_ label: CallLabel, _ body: () async throws -> Result) async throws -> Result {
        guard !isBroken else { throw PostgresError(.connection("the connection broke before")) }
        guard PQexitPipelineMode(connection) == 1 else { throw broken() }
        defer { if !isBroken, PQenterPipelineMode(connection) != 1 { discard() } }
        return try await noted(label.name) { try await interruptibly(body) }
    }

    /// Reads results up to the end of the command; throws the first error.
    func drain(_ label: CallLabel) async throws {
        var failure: PostgresError?
        while let result = try await nextResult() {
            let status = PQresultStatus(result)
            defer { LibPQ.clear(result) }
            if PQisBusy(connection) == 1 { try heedInterruption() }
            switch status {
            case PGRES_FATAL_ERROR:
                failure = failure ?? ServerReport(refusal: result).map { PostgresError(.server, report: $0, label) }
            // libpq repeats these for ever until the data is moved.
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // The program's mistake, which says more than that nobody knows what became of it.
                commitIsUnknown = false
                throw violation("COPY in the middle of \(label.name)")
            default: break
            }
        }
        // What the server said before it went away tells more than that it went away.
        let loss = PQstatus(connection) == CONNECTION_OK ? nil : broken()
        if loss == nil || failure?.report?.severity == "ERROR" { commitIsUnknown = false }
        if let error = failure ?? loss { throw error }
    }

    /// Runs a script of several statements without parameters, as one implicit transaction unless it says otherwise.
    func execute(script: String, name: String, fileID: StaticString = "", line: UInt = 0) async throws {
        let label = CallLabel(name, fileID, line)
        commitIsUnknown = false
        try await apart(label) {
            try await send(script)
            try await drain(label)
        }
    }

    private func send(_ text: String) async throws {
        let commits = !isInTransaction
        guard PQsendQuery(connection, text) == 1 else { throw broken() }
        commitIsUnknown = commits
        roundTrips += 1
        try await flush()
    }

    /// Sends a COPY statement and waits until the server is ready for it in this direction.
    private func startCopy(_ statement: String, _ label: CallLabel, _ direction: ExecStatusType) async throws {
        try await send(statement)
        guard let result = try await nextResult() else { throw broken() }
        defer { LibPQ.clear(result) }
        switch PQresultStatus(result) {
        case direction: return
        case PGRES_FATAL_ERROR:
            guard let report = ServerReport(refusal: result) else { throw broken() }
            try await drain(label)
            throw PostgresError(.server, report: report, label)
        default:
            throw violation("\(label.name) is not COPY \(direction == PGRES_COPY_IN ? "FROM STDIN" : "TO STDOUT")")
        }
    }

    // MARK: COPY FROM STDIN

    /// Sends data with `COPY … FROM STDIN`. An error of the body ends the COPY with a failure and comes out unchanged.
    /// Returns the number of rows that the server took.
    func copyIn(_ statement: String, _ label: CallLabel, _ body: () async throws -> Void) async throws -> Int {
        try await apart(label) {
            try await startCopy(statement, label, PGRES_COPY_IN)
            do {
                try await body()
                try await endCopy(failure: nil)
            } catch {
                try await failCopy(after: error, label)
            }
            return try await finishCopy(label)
        }
    }

    private func finishCopy(_ label: CallLabel) async throws -> Int {
        var count = 0
        if let result = try await nextResult() {
            defer { LibPQ.clear(result) }
            if let report = ServerReport(refusal: result), PQresultStatus(result) == PGRES_FATAL_ERROR {
                try await drain(label)
                throw PostgresError(.server, report: report, label)
            }
            count = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
        }
        try await drain(label)
        return count
    }

    /// Ends a COPY whose sender failed and throws the sender's error; the server's when that was the cause.
    private func failCopy(after error: any Error, _ label: CallLabel) async throws {
        guard !isBroken else { throw error }
        var cause = error
        do {
            try await shielded {
                try await endCopy(failure: "the sender gave up")
                try await drain(label)
            }
        } catch let refusal as PostgresError {
            if error is CopyRefused {
                cause = refusal
            } else if let ended = error as? PostgresError, ended.reason == .deadline || ended.reason == .cancelled,
                refusal.state != .queryCanceled
            {
                // The server had refused the data before, which nobody saw.
                cause = PostgresError(ended.reason, report: refusal.report, label)
            }
        }
        throw cause is CopyRefused ? broken() : cause
    }

    /// The server, or libpq, takes no more data; the reason is the answer to the COPY.
    private struct CopyRefused: Error {}

    /// Sends data in pieces, since libpq keeps a copy of what the socket has not taken, and the protocol knows no message
    /// over 1 GB.
    func putCopy(_ bytes: [UInt8]) async throws {
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.copyPiece, bytes.count)
            try await putCopy(bytes, start..<end)
            start = end
        }
    }

    private static let copyPiece = 256 * 1024

    private func putCopy(_ bytes: [UInt8], _ range: Range<Int>) async throws {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        // A source that is never in want and a socket that is never full leave no wait to notice it.
        if deadline <= .now { throw PostgresError(.deadline) }
        while true {
            if hasRefusedCopy() { throw CopyRefused() }
            let sent = bytes.withUnsafeBytes { buffer in
                let piece = UnsafeRawBufferPointer(rebasing: buffer[range])
                return PQputCopyData(
                    connection, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count))
            }
            switch sent {
            case 1:
                try await flushCopy()
                if isInterrupted { throw CopyRefused() }
                return
            case 0: try await wait([.read, .write])
            default: throw PQstatus(connection) == CONNECTION_OK ? CopyRefused() : broken()
            }
        }
    }

    private func flushCopy() async throws {
        while true {
            let result = PQflush(connection)
            if result == 0 { return }
            guard result == 1 else { throw broken() }
            // libpq itself reads what comes meanwhile, so that the server need not wait for us to read before it reads on.
            try await wait([.read, .write])
            if hasRefusedCopy() { throw CopyRefused() }
        }
    }

    private func endCopy(failure: String?) async throws {
        while true {
            switch PQputCopyEnd(connection, failure) {
            case 1:
                try await flush()
                return
            case 0: try await wait([.read, .write])
            default: throw broken()
            }
        }
    }

    // MARK: COPY TO STDOUT and streams

    /// Reads the data of `COPY … TO STDOUT`.
    func copyOut<Result>(
        _ statement: String, _ label: CallLabel, _ body: (Incoming) async throws -> Result
    ) async throws -> Result {
        try await receiving(label) {
            try await self.startCopy(statement, label, PGRES_COPY_OUT)
        } body: {
            try await body($0)
        }
    }

    /// Runs one statement and reads its rows one by one.
    func stream<Result>(_ command: Command, _ body: (Incoming) async throws -> Result) async throws -> Result {
        try command.sql.parameters.check(command.label)
        return try await receiving(CallLabel(command.label)) {
            guard command.sql.sendUnprepared(to: self.connection), PQsetSingleRowMode(self.connection) == 1 else {
                throw self.broken()
            }
            self.roundTrips += 1
            try await self.flush()
        } body: {
            try await body($0)
        }
    }

    private func receiving<Result>(
        _ label: CallLabel, start: () async throws -> Void, body: (Incoming) async throws -> Result
    ) async throws -> Result {
        try await apart(label) {
            try await start()
            let incoming = Incoming(self, label)
            do {
                let result = try await body(incoming)
                try await incoming.close()
                return result
            } catch {
                // The reader's own error comes out unchanged, whatever happens to the rest of the answer.
                do { try await incoming.close() } catch { discardIfLost(error) }
                throw error
            }
        }
    }

    private func discardIfLost(_ error: any Error) {
        if (error as? PostgresError)?.report == nil { discard() }
    }
}
