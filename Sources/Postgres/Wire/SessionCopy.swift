import CLibPQ

/// COPY and scripts: what libpq does not do inside a pipeline.
extension Session {
    /// Leaves pipeline mode for the body and enters it again.
    private func outsidePipeline<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard !isBroken else { throw PostgresError(.connection("the connection broke before")) }
        guard PQexitPipelineMode(connection) == 1 else { throw broken() }
        defer { if !isBroken, PQenterPipelineMode(connection) != 1 { discard() } }
        return try await body()
    }

    /// Reads results up to the end of the command; throws the first error.
    private func drain(_ statement: String) async throws {
        var failure: PostgresError?
        while let result = try await nextResult() {
            let status = PQresultStatus(result)
            defer { PQclear(result) }
            switch status {
            case PGRES_FATAL_ERROR:
                failure =
                    failure
                    ?? ServerReport(refusal: result).map {
                        PostgresError(.server, report: $0, statement: statement)
                    }
            // libpq repeats these for ever until the data is moved.
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: throw violation("COPY in the middle of \(statement)")
            default: break
            }
        }
        // What the server said before it went away tells more than that it went away.
        let loss = PQstatus(connection) == CONNECTION_OK ? nil : broken()
        if let error = failure ?? loss { throw error }
    }

    /// Runs a script of several statements without parameters, as one implicit transaction unless it says otherwise.
    func execute(script: String, name: String) async throws {
        try await outsidePipeline {
            try await interruptibly {
                guard PQsendQuery(connection, script) == 1 else { throw broken() }
                roundTrips += 1
                try await flush()
                try await drain(name)
            }
        }
    }

    /// Sends rows with `COPY … FROM STDIN`. An error of the body ends the COPY with a failure and comes out unchanged.
    func copyIn(_ statement: String, name: String, _ body: (inout CopyWriter) async throws -> Void) async throws {
        try await outsidePipeline {
            try await startCopy(statement, name: name)
            do {
                var writer = CopyWriter(session: self)
                try await body(&writer)
                try await writer.finish()
                try await endCopy(failure: nil)
            } catch {
                try await failCopy(after: error, name: name)
            }
            try await drain(name)
        }
    }

    private func startCopy(_ statement: String, name: String) async throws {
        guard PQsendQuery(connection, statement) == 1 else { throw broken() }
        roundTrips += 1
        try await flush()
        guard let result = try await nextResult() else { throw broken() }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COPY_IN: return
        case PGRES_FATAL_ERROR:
            guard let report = ServerReport(refusal: result) else { throw broken() }
            try await drain(name)
            throw PostgresError(.server, report: report, statement: name)
        default: throw violation("\(name) is not COPY FROM STDIN")
        }
    }

    /// Ends a COPY whose sender failed and throws the sender's error; the server's when that was the cause.
    private func failCopy(after error: any Error, name: String) async throws {
        guard !isBroken else { throw error }
        var cause = error
        do {
            try await shielded {
                try await endCopy(failure: "the sender gave up")
                try await drain(name)
            }
        } catch let refusal as PostgresError {
            if error is CopyRefused { cause = refusal }
        }
        throw cause is CopyRefused ? broken() : cause
    }

    /// libpq takes no more data since the server, or the connection, ended the COPY.
    private struct CopyRefused: Error {}

    func putCopy(_ bytes: [UInt8]) async throws {
        if Task.isCancelled { throw PostgresError(.cancelled) }
        while true {
            let sent = bytes.withUnsafeBytes { buffer in
                PQputCopyData(
                    connection, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
            }
            switch sent {
            case 1:
                try await flush()
                return
            case 0: try await wait([.read, .write])
            default: throw PQstatus(connection) == CONNECTION_OK ? CopyRefused() : broken()
            }
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
}
