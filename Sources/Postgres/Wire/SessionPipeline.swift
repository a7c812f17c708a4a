import CLibPQ

/// What went out in one pipeline, in order: the commands and what had to be done for them.
enum PipelineStep {
    case run(Int)
    case prepare(Int)
    case housekeeping
}

/// Statements, always as a libpq pipeline.
extension Session {
    /// With more bytes of values than this, they are handed to the socket before COMMIT is queued, so that a failure
    /// meanwhile is known to have committed nothing.
    private static let largeValues = 32 * 1024

    /// Sends the commands and one Sync as one round trip and gives back the answers of those that somebody reads, in order.
    ///
    /// The first failure is thrown after the Sync was answered, so the session stays usable; later commands were skipped.
    @usableFromInline
    func run(_ commands: [Command]) async throws -> [Rows] { try await run(commands, at: .now) }

    /// The same, for who knows what time it is.
    func run(_ commands: [Command], at began: Moment) async throws -> [Rows] {
        commitIsUnknown = false
        let outerDeadline = try enter(at: began)
        do {
            if try !queue(commands) { try await queueApart(commands) }
            if PQflush(connection) != 0 { try await flush() }
            let rows = try await receive(commands)
            if isInterrupted { await settle(outerDeadline) } else { leave(outerDeadline) }
            note(commands, since: began)
            return rows
        } catch {
            let error = await settle(outerDeadline, failing: error)
            note(commands, since: began)
            throw error
        }
    }

    /// Rolls an open transaction back, whatever happened to the task; a session that cannot is broken.
    @usableFromInline
    func rollBack() async {
        guard !isBroken, isInTransaction else { return }
        await shielded {
            do { _ = try await run([.rollback]) } catch { discard() }
        }
    }

    /// Runs commands that have to be run even if the task is cancelled or its deadline has passed.
    func runShielded(_ commands: [Command]) async throws {
        try await shielded { _ = try await run(commands) }
    }

    // MARK: Sending

    /// Queues everything; `false`, with nothing queued, when the values are so large that COMMIT has to go apart.
    private func queue(_ commands: [Command]) throws -> Bool {
        var valueBytes = 0
        for command in commands {
            valueBytes += command.sql.parameters.bytes.count
            try command.sql.parameters.check(command.label)
        }
        noteSize(valueBytes)
        if valueBytes > Self.largeValues, commands.contains(where: { $0.role == .commit }) { return false }
        try queueHousekeeping()
        for index in commands.indices { try queue(commands[index], at: index) }
        try queueSync()
        return true
    }

    /// Queues and sends what comes before COMMIT first.
    private func queueApart(_ commands: [Command]) async throws {
        try queueHousekeeping()
        for (index, command) in commands.enumerated() {
            if command.role == .commit {
                try await flush()
                // Whoever was told to stop must not commit.
                if let interruption {
                    discard()
                    throw PostgresError(interruption.reason ?? .cancelled)
                }
                // libpq drops what it cannot write without a word; the server's may still be read.
                if isPeerGone() { return }
            }
            try queue(command, at: index)
        }
        try queueSync()
    }

    private func queueHousekeeping() throws {
        steps.removeAll(keepingCapacity: true)
        stepsApart = 0
        prepared.beginPipeline()
        guard !discardedStatements.isEmpty else { return }
        // In a failed transaction the server takes no commands; there is time later.
        guard PQtransactionStatus(connection) != PQTRANS_INERROR else { return }
        let isInTransaction = isInTransaction
        for command in discardedStatements {
            guard command.sql.sendUnprepared(to: connection) else { throw broken() }
            steps.append(.housekeeping)
        }
        discardedStatements.removeAll()
        // DEALLOCATE takes a snapshot, after which BEGIN could not choose the isolation, and begins a pipeline, in which
        // some commands are refused: a Sync keeps it apart.
        guard !isInTransaction else { return }
        guard PQpipelineSync(connection) == 1 else { throw broken() }
        stepsApart = steps.count
    }

    private func queue(_ command: Command, at index: Int) throws {
        if configuration.statementMode == .unprepared || !command.isPrepared {
            if command.role == .commit { commitIsUnknown = true }
            guard command.sql.sendUnprepared(to: connection) else { throw broken() }
        } else {
            let name = try prepared.use(command) ?? prepare(command, at: index)
            if command.role == .commit { commitIsUnknown = true }
            guard command.sql.sendPrepared(name, to: connection) else { throw broken() }
        }
        // Nothing of it comes into force before the Sync.
        if command.role == .alone { commitIsUnknown = true }
        steps.append(.run(index))
    }

    private func prepare(_ command: Command, at index: Int) throws -> PreparedName {
        while let discarded = prepared.makeRoom() { discardedStatements.append(.deallocate(discarded)) }
        let name = prepared.add(command)
        guard command.sql.sendPrepare(as: name, to: connection) else { throw broken() }
        steps.append(.prepare(index))
        return name
    }

    private func queueSync() throws {
        guard PQpipelineSync(connection) == 1 else { throw broken() }
        roundTrips += 1
    }

    /// Hands everything to the socket; reads meanwhile, since the server may wait for us to read before it reads on.
    func flush() async throws {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                try await wait([.read, .write])
                try readInput()
                try heedLateness()
            default: throw broken()
            }
        }
    }

    // MARK: Receiving

    /// The next result, or `nil` at the end of a command, without blocking a thread.
    func nextResult() async throws -> OpaquePointer? {
        if PQisBusy(connection) == 1 { try await awaitInput() }
        return LibPQ.nextResult(connection)
    }

    /// Reads until libpq has a result.
    func awaitInput() async throws {
        if PollerThread.current == nil {
            // Under load the answer is often there once the other tasks had their turn, which spares the poller's wake-up.
            await Task.yield()
            try readInput()
            try heedLateness()
        }
        while PQisBusy(connection) == 1 {
            try await wait(.read)
            try readInput()
            // What is there is taken; the clock is looked at only for what is still to come.
            if PQisBusy(connection) == 1 { try heedLateness() }
        }
    }

    /// Takes in what has arrived. Under TLS libpq may leave the rest of a record with OpenSSL, where no look at the socket
    /// finds it: a second look takes that, since a record is at most 16 KB and each look has room for half of it.
    func readInput() throws {
        guard PQconsumeInput(connection) == 1 else { throw broken() }
        if PQsslInUse(connection) == 1, PQconsumeInput(connection) == 0 { throw broken() }
    }

    private func receive(_ commands: [Command]) async throws -> [Rows] {
        var receipt = Receipt(steps: steps.count, apart: stepsApart, answers: commands.count)
        do {
            while !receipt.progress.isFinished {
                if PQisBusy(connection) == 1 { try await awaitInput() }
                try take(LibPQ.nextResult(connection), commands, &receipt)
            }
        } catch {
            // It has come into force, though the connection was lost behind the answer.
            if receipt.isCommitted, isBroken { return receipt.answers }
            // What the server said before it went away tells more than that it went away.
            throw receipt.failure ?? error
        }
        commitIsUnknown = false
        if let failure = receipt.failure { throw failure }
        return receipt.answers
    }

    private struct Receipt {
        var progress: PipelineProgress
        var answers: [Rows] = []
        var failure: PostgresError?
        /// COMMIT was answered, and by `COMMIT`.
        var isCommitted = false

        init(steps: Int, apart: Int, answers: Int) {
            progress = PipelineProgress(commandCount: steps, apart: apart)
            self.answers.reserveCapacity(answers)
        }
    }

    private func take(_ result: OpaquePointer?, _ commands: [Command], _ receipt: inout Receipt) throws {
        guard let result else {
            guard PQstatus(connection) == CONNECTION_OK else { throw broken() }
            guard receipt.progress.receive(.endOfCommand) else { throw violation("an answer too many") }
            return
        }
        let status = PQresultStatus(result)
        let step = receipt.progress.current < steps.count ? steps[receipt.progress.current] : nil
        guard let event = PipelineProgress.Event(result, status), receipt.progress.receive(event) else {
            LibPQ.clear(result)
            let isAlive = PQstatus(connection) == CONNECTION_OK && status != PGRES_FATAL_ERROR
            throw isAlive ? violation("unexpected result \(status.rawValue)") : broken()
        }
        if event == .succeeded, case .run(let index) = step {
            switch commands[index].role {
            case .read, .alone:
                noteSize(of: result)
                receipt.answers.append(Rows(owning: result, commands[index].label))
                return
            case .commit:
                commitIsUnknown = false
                receipt.isCommitted = Self.isCommit(result)
                if !receipt.isCommitted { receipt.failure = PostgresError(.rolledBack) }
            case .unread: break
            }
        }
        if event == .failed {
            let report = ServerReport(result)
            // What the server has forgotten by itself need not be dropped.
            if !receipt.progress.isApart || report.severity != "ERROR" {
                receipt.failure = refused(step, commands, report)
            }
        }
        if event == .failed || event == .aborted, case .prepare(let index) = step { prepared.remove(commands[index]) }
        LibPQ.clear(result)
    }

    /// Whether COMMIT answered `COMMIT`; it answers `ROLLBACK` when the transaction had failed before.
    private static func isCommit(_ result: OpaquePointer) -> Bool {
        PQcmdStatus(result).map { $0[0] == CChar(UInt8(ascii: "C")) } ?? false
    }

    private func refused(_ step: PipelineStep?, _ commands: [Command], _ report: ServerReport) -> PostgresError {
        var command: Command?
        var mayCommit = false
        switch step {
        case .run(let index):
            command = commands[index]
            mayCommit = command?.role == .commit || command?.role == .alone
        case .prepare(let index): command = commands[index]
        case .housekeeping: break
        // The Sync, by which a statement outside a transaction commits: a deferred constraint may stand against it.
        case nil: (command, mayCommit) = (commands.last, true)
        }
        // A statement before COMMIT failed, or COMMIT itself was refused. Only when the session was ended during COMMIT
        // may it have come into force all the same, or when it is a pooler that speaks, which has lost its server.
        if report.severity == "ERROR" || report.isNotPassedOn || (!mayCommit && report.isOfServer) {
            commitIsUnknown = false
        }
        return PostgresError(.server, report: report, (command ?? .deallocateAll).label)
    }
}

extension PipelineProgress.Event {
    fileprivate init?(_ result: OpaquePointer, _ status: ExecStatusType) {
        switch status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: self = .succeeded
        // Without an SQLSTATE it is libpq's own report of a lost connection, no answer of the server.
        case PGRES_FATAL_ERROR where ServerReport.isRefusal(result): self = .failed
        case PGRES_PIPELINE_ABORTED: self = .aborted
        case PGRES_PIPELINE_SYNC: self = .sync
        default: return nil
        }
    }
}
