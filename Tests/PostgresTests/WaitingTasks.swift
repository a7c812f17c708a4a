import Synchronization

@testable import Postgres

/// Tasks that wait as those without a connection do, and what they were told, in which order.
final class WaitingTasks {
    private var tasks: [UInt64: Task<Int, Never>] = [:]
    private var told = 0

    /// What ends the wait of a new task, which is known by its ticket.
    func add(_ ticket: UInt64) async -> WaitingLine.Continuation {
        let (continuations, waiting) = AsyncStream.makeStream(of: WaitingLine.Continuation.self)
        tasks[ticket] = Task {
            let outcome = await withUnsafeContinuation { waiting.yield($0) }
            guard case .unreachable(let error) = outcome, case .connection(let number) = error.reason else { return -1 }
            return Int(number) ?? -1
        }
        var iterator = continuations.makeAsyncIterator()
        while true { if let continuation = await iterator.next() { return continuation } }
    }

    /// Ends waits, and tells each the number of its turn.
    func end(_ waits: [WaitingLine.Continuation]) {
        for wait in waits {
            wait.resume(returning: .unreachable(PostgresError(.connection("\(told)"))))
            told += 1
        }
    }

    func end(_ wait: WaitingLine.Continuation?) {
        if let wait { end([wait]) }
    }

    /// The tickets in the order in which their waits were ended, all of which have to be.
    func order() async -> [UInt64] {
        var turns: [(turn: Int, ticket: UInt64)] = []
        for (ticket, task) in tasks { turns.append((await task.value, ticket)) }
        return turns.sorted { $0.turn < $1.turn }.map(\.ticket)
    }
}

extension Configuration {
    /// Of a server that is nowhere, for what needs none.
    static func ofNoServer(maximumConnections: Int = 1, maximumWaiters: Int = 1000) -> Configuration {
        Configuration(
            url: "postgresql:///x?host=/tmp/no/such/folder", maximumConnections: maximumConnections,
            maximumWaiters: maximumWaiters)
    }
}
