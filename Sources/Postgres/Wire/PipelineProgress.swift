/// Where the answers of one libpq pipeline stand: which command the next result belongs to, and what failed first.
///
/// Knows no socket and no libpq, so its rules are tested without either.
struct PipelineProgress {
    enum Event: Equatable {
        /// A command's result: rows or a command tag.
        case succeeded
        /// The server reported an error for the command.
        case failed
        /// The command was skipped since an earlier one failed.
        case aborted
        /// No more results for the current command.
        case endOfCommand
        /// The pipeline's Sync was answered.
        case sync
    }

    let commandCount: Int
    private(set) var current = 0
    private(set) var firstFailure: Int?
    private(set) var isFinished = false

    init(commandCount: Int) { self.commandCount = commandCount }

    /// Takes the next event; returns `false` when it cannot come at this point, and the connection must be discarded.
    mutating func receive(_ event: Event) -> Bool {
        guard !isFinished else { return false }
        switch event {
        case .succeeded:
            return current < commandCount && firstFailure == nil
        case .failed:
            guard current < commandCount, firstFailure == nil else { return false }
            firstFailure = current
            return true
        case .aborted:
            return current < commandCount && firstFailure != nil
        case .endOfCommand:
            guard current < commandCount else { return false }
            current += 1
            return true
        case .sync:
            guard current == commandCount else { return false }
            isFinished = true
            return true
        }
    }
}
