import CLibPQ

/// What the server sends at the reader's pace: the rows of a stream or the data of a COPY.
///
/// Nothing is read from the socket before it is asked for, so that a slow reader makes the server wait.
final class Incoming {
    private let session: Session
    private let label: CallLabel
    private var isAtEnd = false
    private(set) var isOpen = true
    private static let chunk = 64 * 1024

    init(_ session: Session, _ label: CallLabel) {
        self.session = session
        self.label = label
    }

    /// The next row of a stream, `nil` after the last one.
    func row(_ label: StatementLabel) async throws -> Rows? {
        try checkOpen()
        guard !isAtEnd else { return nil }
        if PQisBusy(session.connection) == 1 { try session.heedInterruption() }
        guard let result = try await session.nextResult() else { return try await end() }
        switch PQresultStatus(result) {
        case PGRES_SINGLE_TUPLE:
            session.noteSize(of: result)
            return Rows(owning: result, label)
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            LibPQ.clear(result)
            return try await end()
        default:
            let report = ServerReport(refusal: result)
            LibPQ.clear(result)
            isAtEnd = true
            guard let report else { throw session.broken() }
            try await session.drain(CallLabel(label))
            throw session.explained(PostgresError(.server, report: report, label))
        }
    }

    /// The next whole rows of a COPY, about 64 KB of them, `nil` after the last ones.
    func data() async throws -> [UInt8]? {
        try checkOpen()
        guard !isAtEnd else { return nil }
        var chunk: [UInt8] = []
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(session.connection, &buffer, 1)
            if length > 0, let buffer {
                session.noteSize(Int(length))
                if chunk.isEmpty { chunk.reserveCapacity(max(Self.chunk + 4096, Int(length))) }
                chunk.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: Int(length)))
                PQfreemem(buffer)
                if chunk.count >= Self.chunk { return chunk }
                continue
            }
            if length == 0 {
                // What is there goes out before anybody waits for more.
                if !chunk.isEmpty { return chunk }
                try await session.awaitData()
                continue
            }
            isAtEnd = true
            do { try await session.drain(label) } catch { throw session.explained(error) }
            return chunk.isEmpty ? nil : chunk
        }
    }

    private func end() async throws -> Rows? {
        isAtEnd = true
        try await session.drain(label)
        return nil
    }

    private func checkOpen() throws {
        if !isOpen { throw PostgresError(.protocolViolation("\(label.name) was read after its closure had returned")) }
    }

    /// Ends the reading; what nobody read is stopped at the server.
    func close() async throws {
        isOpen = false
        guard !isAtEnd, !session.isBroken else { return }
        isAtEnd = true
        session.wasLeftEarly = true
        try session.askToStop()
        try await discardRest()
    }

    private func discardRest() async throws {
        while !session.isBroken {
            var buffer: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(session.connection, &buffer, 1)
            if let buffer { PQfreemem(buffer) }
            if length == 0 { try await session.awaitData() }
            // −1 is the end of a COPY, −2 that there is none, as in a stream.
            if length < 0 { break }
        }
        do {
            try await session.drain(label)
        } catch let error as PostgresError where error.state == .queryCanceled {
            // As it was asked to.
        }
    }
}

extension Session {
    /// Reads once the socket has something.
    func awaitData() async throws {
        try heedInterruption()
        try await wait(.read)
        try readInput()
    }
}
