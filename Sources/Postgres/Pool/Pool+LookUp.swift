extension Pool {
    /// Runs reads that the server answers at once, such as those of a row by its key, as one transaction in one round
    /// trip: BEGIN READ ONLY, `prelude`, the statements, COMMIT.
    ///
    /// On a thread of ``PollingExecutor`` look-ups of several tasks that come at about the same time travel together, so
    /// that much of what each would cost is shared. Their transactions stay apart: none sees another's settings, and an
    /// error is that of its own statement alone. One that is slow delays those that came with it, whose time limit is one,
    /// and those behind it by about 20 ms; for what may take longer use ``pipeline(prelude:_:)``, and for what writes too
    /// (25006 here).
    ///
    /// When another look-up of the trip failed or the connection broke, the statements are run once more, by themselves and
    /// with a time limit of their own. Else all is as with ``pipeline(prelude:_:)``; but a cancelled task stops waiting
    /// without having the server stop what others wait for, and ``PostgresError/Reason/commitUnknown`` does not come.
    @inlinable
    public func lookUp<each Output>(
        prelude: [Statement<Void>] = [], _ statement: repeat Statement<each Output>
    ) async throws -> (repeat each Output) {
        var commands = beginningOfLookups
        commands.reserveCapacity(commands.count + prelude.count + 3)
        for statement in prelude { commands.append(statement.preludeCommand) }
        repeat commands.append((each statement).command)
        commands.append(.end)
        var answers = Answers(try await look(up: commands))
        return try (repeat (each statement).read(answers.next()))
    }

    @usableFromInline
    func look(up commands: [Command]) async throws -> [Rows] {
        guard let spans = observation.spans else { return try await lookUpTogether(commands) }
        return try await spans.traced(commands.names) { try await lookUpTogether(commands) }
    }

    private func lookUpTogether(_ commands: [Command]) async throws -> [Rows] {
        guard let poller = PollerThread.current else { return try await commit(commands) }
        switch await lookups[poller.number].outcome(of: commands, in: self) {
        case .answered(let rows): return rows
        case .alone: return try await commit(commands)
        case .failed(let error): throw error
        }
    }
}
