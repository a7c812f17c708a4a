/// Where the answers of one libpq pipeline stand: which command the next result belongs to, and what failed first.
///
/// Knows no socket and no libpq, so its rules are tested without either.
struct PipelineProgress {
    enum Event: Equatable {
        /// A command's result: rows or a command tag.
        case succeeded
        /// The server reported an error for the command, or for the Sync, which commits what stands in no transaction.
        case failed
        /// The command was skipped since an earlier one failed.
        case aborted
        /// No more results for the current command.
        case endOfCommand
        /// The pipeline's Sync was answered.
        case sync
    }

    let commandCount: Int
    /// So many commands at the beginning end in a Sync of their own: when one of them fails, the others still run.
    let apart: Int
    private(set) var isApart: Bool
    private(set) var current = 0
    private(set) var firstFailure: Int?
    private(set) var isFinished = false

    init(commandCount: Int, apart: Int = 0) {
        self.commandCount = commandCount
        self.apart = apart
        isApart = apart > 0
    }

    /// Takes the next event; returns `false` when it cannot come at this point, and the connection must be discarded.
    mutating func receive(_ event: Event) -> Bool {
        guard !isFinished else { return false }
        switch event {
        case .succeeded:
            return current < end && firstFailure == nil
        case .failed:
            guard firstFailure == nil else { return false }
            firstFailure = current
            return true
        case .aborted:
            return current < end && firstFailure != nil
        case .endOfCommand:
            guard current < end else { return firstFailure == end }
            current += 1
            return true
        case .sync:
            guard current == end else { return false }
            isFinished = !isApart
            if isApart { firstFailure = nil }
            isApart = false
            return true
        }
    }

    /// Where the next Sync is.
    private var end: Int { isApart ? apart : commandCount }
}
