import TestSupport
import Testing

@testable import Postgres

/// Lends a pool that reaches a database of its own, with a ledger in it, through a proxy.
func withProxiedPool(
    connections: Int = 1, _ change: (inout Configuration) -> Void = { _ in },
    _ body: (FaultyProxy, Pool, TestDatabase) async throws -> Void
) async throws {
    try await withDatabase { database in
        try await database.execute(Ledger.table)
        try await withFaultyProxy { proxy in
            var configuration = database.configuration(maximumConnections: connections)
            configuration.reconnectDelay = .zero ... .zero
            configuration.url = proxy.url(configuration.url)
            configuration.checkAfter = .zero
            change(&configuration)
            try await withPool(configuration) { try await body(proxy, $0, database) }
        }
    }
}

/// Opens a connection before the proxy cuts what passes into pieces: PgBouncer ends a conversation whose greeting does not
/// come whole ("client sent partial pkt in startup phase").
func greetWhole(_ pool: Pool) async throws {
    if TestServer.isPooled { _ = try await pool.pipeline(Queries.backend) }
}

extension FaultyProxy.Conversation {
    /// How many bytes went there.
    func passed(_ direction: FaultyProxy.Direction) -> Int {
        direction == .toServer ? bytesToServer : bytesToClient
    }

    /// The same when the last turn began.
    func passedBeforeLastTurn(_ direction: FaultyProxy.Direction) -> Int {
        direction == .toServer ? beforeLastTurn.toServer : beforeLastTurn.toClient
    }
}

extension FaultyProxy {
    /// Makes an attempt for each of the limits, on a connection that is cut after so many bytes, and expects that what is
    /// known of its COMMIT, or whatever commits it, is what can be known.
    ///
    /// - Parameters:
    ///   - whole: the conversation of an attempt that was not cut, whose last turn is that of the COMMIT.
    ///   - unheard: so many bytes at the end of what the server says need not be heard.
    ///   - attempt: gives what it failed with, if it did.
    func cut(
        _ direction: Direction, after limits: [Int], of whole: Conversation, unheard: Int,
        attempt: () async throws -> PostgresError?
    ) async throws {
        let (length, commit) = (whole.passed(direction), whole.passedBeforeLastTurn(direction))
        let answered = direction == .toClient ? length - unheard : length
        for limit in limits {
            change { $0.cutAfter = [direction: limit] }
            let error = try await attempt()
            switch error?.reason {
            // All that is left to come is what no answer follows.
            case nil: #expect(limit >= answered, "cut after \(limit) of \(length) bytes")
            case .commitUnknown: #expect(limit >= commit, "cut after \(limit) of \(length) bytes")
            case .connection: break
            case .some(let reason): Issue.record("cut after \(limit) of \(length) bytes: \(reason)")
            }
        }
        try await eventually { conversations.allSatisfy { !$0.isOpen } }
        change { $0.cutAfter = [:] }
    }
}
