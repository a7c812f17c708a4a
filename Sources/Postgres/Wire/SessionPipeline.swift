import CLibPQ

/// Statements, always as a libpq pipeline.
extension Session {
    /// Statements that may stand prepared on a session; when there are more, all are dropped before the next transaction.
    static let preparedLimit = 1000
    /// With more bytes of values than this, they are handed to the socket before COMMIT is queued, so that a failure
    /// meanwhile is known to have committed nothing.
    private static let largeValues = 32 * 1024

    /// Sends the commands and one Sync as one round trip and gives back the answers of those that keep rows.
    ///
    /// The first failure is thrown after the Sync was answered, so the session stays usable; later commands were skipped.
    func run(_ commands: [Command]) async throws -> [Rows?] {
        commitIsUnknown = false
        guard !isBroken else { throw PostgresError(.connection("the connection broke before")) }
        for command in commands { try command.sql.parameters.check(command.name) }
        return try await interruptibly {
            var pipeline = SentPipeline(commandCount: commands.count)
            try await send(commands, &pipeline)
            return try await receive(commands, pipeline)
        }
    }

    /// Rolls an open transaction back, whatever happened to the task; a session that cannot is broken.
    func rollBack() async {
        guard !isBroken, isInTransaction else { return }
        await shielded {
            do { _ = try await run([.rollback]) } catch { discard() }
        }
    }

    private func send(_ commands: [Command], _ pipeline: inout SentPipeline) async throws {
        if prepared.count >= Self.preparedLimit, !isInTransaction {
            guard PQsendQueryParams(connection, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 1) == 1 else { throw broken() }
            prepared.removeAll()
            pipeline.append(.housekeeping)
        }
        var valueBytes = 0
        for (index, command) in commands.enumerated() {
            valueBytes += command.sql.parameters.bytes.count
            let name = try prepare(command, at: index, &pipeline)
            if command.commits {
                if valueBytes > Self.largeValues {
                    try await flush()
                    // libpq drops what it cannot write without a word; the server's may still be read.
                    if isPeerGone() { return }
                }
                commitIsUnknown = true
            }
            guard command.sql.parameters.send(to: connection, statement: name) else { throw broken() }
            pipeline.append(.run(index))
        }
        guard PQpipelineSync(connection) == 1 else { throw broken() }
        roundTrips += 1
        try await flush()
    }

    private func prepare(_ command: Command, at index: Int, _ pipeline: inout SentPipeline) throws -> String {
        let key = PreparedStatements.Key(command.sql)
        if let known = prepared[key] { return known }
        let name = prepared.add(key)
        let types = command.sql.parameters.slots.map(\.type.oid)
        let isQueued = (key.text + [0]).withUnsafeBytes { text in
            let start = text.assumingMemoryBound(to: CChar.self).baseAddress
            return PQsendPrepare(connection, name, start, Int32(types.count), types) == 1
        }
        guard isQueued else { throw broken() }
        pipeline.append(.prepare(index))
        return name
    }

    /// Hands everything to the socket; reads meanwhile, since the server may wait for us to read before it reads on.
    func flush() async throws {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                try await wait([.read, .write])
                guard PQconsumeInput(connection) == 1 else { throw broken() }
            default: throw broken()
            }
        }
    }

    /// The next result, or `nil` at the end of a command, without blocking a thread.
    func nextResult() async throws -> OpaquePointer? {
        if PQisBusy(connection) == 1 {
            // Under load the answer is often there once the other tasks had their turn, which spares the poller's wake-up.
            await Task.yield()
            guard PQconsumeInput(connection) == 1 else { throw broken() }
        }
        while PQisBusy(connection) == 1 {
            try await wait(.read)
            guard PQconsumeInput(connection) == 1 else { throw broken() }
        }
        return PQgetResult(connection)
    }

    private func receive(_ commands: [Command], _ pipeline: SentPipeline) async throws -> [Rows?] {
        var answers = [Rows?](repeating: nil, count: commands.count)
        var progress = PipelineProgress(commandCount: pipeline.steps.count)
        var failure: PostgresError?
        do {
            while !progress.isFinished {
                guard let result = try await nextResult() else {
                    guard PQstatus(connection) == CONNECTION_OK else { throw broken() }
                    guard progress.receive(.endOfCommand) else { throw violation("an answer too many") }
                    continue
                }
                let status = PQresultStatus(result)
                let step = progress.current < pipeline.steps.count ? pipeline.steps[progress.current] : nil
                guard let event = PipelineProgress.Event(result), progress.receive(event) else {
                    PQclear(result)
                    let isAlive = PQstatus(connection) == CONNECTION_OK && status != PGRES_FATAL_ERROR
                    throw isAlive ? violation("unexpected result \(status.rawValue)") : broken()
                }
                if case .run(let index) = step, event == .succeeded, commands[index].keepsRows {
                    answers[index] = Rows(owning: result, statement: commands[index].name)
                    continue
                }
                if event == .failed, let step { failure = refused(step, commands, ServerReport(result)) }
                if event == .failed || event == .aborted, case .prepare(let index) = step {
                    prepared.remove(PreparedStatements.Key(commands[index].sql))
                }
                PQclear(result)
            }
        } catch {
            // What the server said before it went away tells more than that it went away.
            throw failure ?? error
        }
        commitIsUnknown = false
        if let failure { throw failure }
        return answers
    }

    private func refused(_ step: SentPipeline.Step, _ commands: [Command], _ report: ServerReport) -> PostgresError {
        var name = "deallocate"
        var isCommit = false
        if case .prepare(let index) = step { name = commands[index].name.description }
        if case .run(let index) = step {
            name = commands[index].name.description
            isCommit = commands[index].commits
        }
        // A statement before COMMIT failed, or COMMIT itself was refused. Only when the session was ended during COMMIT
        // may it have come into force all the same.
        if !isCommit || report.severity == "ERROR" { commitIsUnknown = false }
        // The plans that stand prepared here are of another schema than the server's: a new session starts afresh.
        if report.state == .featureNotSupported || report.state == .invalidSQLStatementName { discard() }
        return PostgresError(.server, report: report, statement: name)
    }
}

/// What went out in one pipeline, in order: the commands and what had to be prepared for them.
struct SentPipeline {
    enum Step: Equatable {
        case run(Int)
        case prepare(Int)
        case housekeeping
    }

    private(set) var steps: [Step] = []

    init(commandCount: Int) { steps.reserveCapacity(commandCount) }

    mutating func append(_ step: Step) { steps.append(step) }
}

extension PipelineProgress.Event {
    fileprivate init?(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: self = .succeeded
        // Without an SQLSTATE it is libpq's own report of a lost connection, no answer of the server.
        case PGRES_FATAL_ERROR where ServerReport.isRefusal(result): self = .failed
        case PGRES_PIPELINE_ABORTED: self = .aborted
        case PGRES_PIPELINE_SYNC: self = .sync
        default: return nil
        }
    }
}
