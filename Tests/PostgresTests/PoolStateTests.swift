import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(1))) struct PoolStateTests {
    private static let failure = PostgresError(.connection("away"))

    private func configuration(_ connections: Int, waiters: Int = 1000, delay: Duration = .seconds(60)) -> Configuration
    {
        var configuration = Configuration.ofNoServer(maximumConnections: connections, maximumWaiters: waiters)
        configuration.reconnectDelay = delay ... .seconds(600)
        return configuration
    }

    /// What an attempt to get a connection came to.
    private func taken(_ state: inout PoolState, _ configuration: Configuration) -> String {
        switch state.take(configuration) {
        case nil: "waits"
        case .mayOpen: "opens"
        case .closed: "closed"
        case .full: "full"
        case .unreachable(let error): "\(error.reason)"
        case .session, .timedOut, .cancelled: "unexpected"
        }
    }

    private func wait(_ tickets: ClosedRange<UInt64>, _ tasks: WaitingTasks, in state: inout PoolState) async {
        for ticket in tickets { _ = state.waiters.append(ticket, until: .never, await tasks.add(ticket)) }
    }

    // MARK: Places

    @Test func `places are taken one by one up to the bound, and then tasks wait`() {
        let configuration = configuration(3)
        var state = PoolState(configuration)
        #expect(state.open == 0)
        for open in 1...3 {
            #expect(taken(&state, configuration) == "opens")
            #expect(state.open == open)
        }
        for _ in 0..<2 { #expect(taken(&state, configuration) == "waits") }
        #expect(state.open == 3 && state.created == 0)
    }

    @Test func `no more wait than may, none where none may`() async {
        let tasks = WaitingTasks()
        for waiters in [0, 2] {
            let configuration = configuration(1, waiters: waiters)
            var state = PoolState(configuration)
            #expect(taken(&state, configuration) == "opens")
            for ticket in 0..<UInt64(waiters) {
                #expect(taken(&state, configuration) == "waits")
                await wait(ticket...ticket, tasks, in: &state)
            }
            #expect(taken(&state, configuration) == "full")
            tasks.end(state.waiters.removeAll())
            #expect(taken(&state, configuration) == (waiters == 0 ? "full" : "waits"))
        }
        #expect(await tasks.order() == [0, 1])
    }

    @Test func `a connection that opens lets those open others who waited only for the server`() async {
        let (tasks, configuration) = (WaitingTasks(), configuration(3))
        var state = PoolState(configuration)
        #expect(taken(&state, configuration) == "opens")
        await wait(1...4, tasks, in: &state)
        tasks.end(state.connected(configuration))
        #expect(state.open == 3 && state.created == 1 && state.waiters.count == 2)
        tasks.end(state.connected(configuration))
        #expect(state.open == 3 && state.created == 2 && state.waiters.count == 2)
        tasks.end(state.waiters.removeAll())
        #expect(await tasks.order() == [1, 2, 3, 4])
    }

    // MARK: Closing

    @Test func `a closed pool has no place, not even a free one`() {
        let configuration = configuration(2)
        var state = PoolState(configuration)
        state.isClosed = true
        #expect(taken(&state, configuration) == "closed" && state.open == 0)
    }

    @Test func `the last place of a closed pool that comes back ends each drain once`() async {
        let configuration = configuration(2)
        var state = PoolState(configuration)
        let (continuations, waiting) = AsyncStream.makeStream(of: UnsafeContinuation<Void, Never>.self)
        let drains = (0..<2).map { _ in Task { await withUnsafeContinuation { waiting.yield($0) } } }
        var ticket: UInt64 = 0
        for await continuation in continuations.prefix(2) {
            state.drainers[ticket] = continuation
            ticket += 1
        }
        // It is not closed, and then not empty.
        var drained = state.drained()
        #expect(drained.isEmpty)
        #expect(taken(&state, configuration) == "opens")
        state.isClosed = true
        drained = state.drained()
        #expect(drained.isEmpty && state.drainers.count == 2)
        state.open -= 1
        drained = state.drained()
        #expect(drained.count == 2 && state.drained().isEmpty)
        for drain in drained { drain.resume() }
        for drain in drains { await drain.value }
    }

    // MARK: A server that is away

    @Test func `who comes while nobody connects hears why, or waits where others have connections`() {
        let configuration = configuration(2)
        var state = PoolState(configuration)
        #expect(taken(&state, configuration) == "opens")
        _ = state.connectingFailed(Self.failure)
        #expect(state.open == 0 && taken(&state, configuration) == "\(Self.failure.reason)")
        state.open = 1  // another's, which comes back
        #expect(taken(&state, configuration) == "waits")
        _ = state.connected(configuration)
        #expect(taken(&state, configuration) == "opens" && state.open == 2)
    }

    @Test func `those who wait hear why only when no connection is left that could come back`() async {
        let (tasks, configuration) = (WaitingTasks(), configuration(2))
        var state = PoolState(configuration)
        for _ in 0..<2 { #expect(taken(&state, configuration) == "opens") }
        await wait(1...2, tasks, in: &state)
        #expect(state.connectingFailed(Self.failure).isEmpty && state.open == 1 && state.waiters.count == 2)
        tasks.end(state.connectingFailed(Self.failure))
        #expect(state.open == 0 && state.waiters.count == 0)
        #expect(await tasks.order() == [1, 2])
    }

    @Test func `what fails together makes the next attempt wait once`() {
        let configuration = configuration(3)
        var state = PoolState(configuration)
        for _ in 0..<3 { _ = state.take(configuration) }
        #expect(state.open == 3)
        _ = state.connectingFailed(Self.failure)
        let retryAt = state.retryAt
        for _ in 0..<2 { _ = state.connectingFailed(Self.failure) }
        #expect(state.retryAt == retryAt && state.open == 0)
        _ = state.connected(configuration)
        #expect(state.retryAt == nil)
    }

    @Test func `what fails again and again waits ever longer, and not after it has worked`() async throws {
        let configuration = configuration(1, delay: .milliseconds(1))
        var state = PoolState(configuration)
        for failures in 0..<8 {
            try await eventually { state.retryAt ?? .now <= .now }
            #expect(taken(&state, configuration) == "opens")
            let before = Moment.now
            _ = state.connectingFailed(Self.failure)
            // Up to 1, 2, 4 … ms, and at least half of that.
            let (least, most) = (Duration.microseconds(500 << failures), Duration.milliseconds(1 << failures))
            let retryAt = try #require(state.retryAt)
            #expect(retryAt >= before + least && retryAt <= .now + most)
        }
        state.open = 1
        _ = state.connected(configuration)
        _ = state.connectingFailed(Self.failure)
        #expect(try #require(state.retryAt) <= .now + .milliseconds(1))
    }

    @Test func `one tries again for all who wait, at its time and while there is a place`() async throws {
        let (tasks, configuration) = (WaitingTasks(), configuration(2, delay: .milliseconds(20)))
        var state = PoolState(configuration)
        for _ in 0..<2 { _ = state.take(configuration) }
        await wait(1...2, tasks, in: &state)
        // Nothing has failed.
        #expect(!state.beginRetrying() && state.nextRetry() == nil && !state.takeRetry(configuration))
        _ = state.connectingFailed(Self.failure)
        #expect(state.beginRetrying() && !state.beginRetrying())
        let next = state.nextRetry()
        let retryAt = try #require(next)
        #expect(retryAt == state.retryAt)
        try await eventually { retryAt <= .now }
        #expect(state.takeRetry(configuration) && state.open == 2)
        let isTaken = state.takeRetry(configuration)
        #expect(!isTaken)
        // Nobody waits any more, so that it ends, and another may begin.
        state.open = 1
        tasks.end(state.waiters.removeAll())
        #expect(!state.takeRetry(configuration) && state.nextRetry() == nil && !state.beginRetrying())
        await wait(3...3, tasks, in: &state)
        let hasBegun = state.beginRetrying()
        #expect(hasBegun)
        tasks.end(state.waiters.removeAll())
        #expect(await tasks.order() == [1, 2, 3])
    }

    @Test func `nobody tries again before the time`() async {
        let (tasks, configuration) = (WaitingTasks(), configuration(2))
        var state = PoolState(configuration)
        for _ in 0..<2 { _ = state.take(configuration) }
        await wait(1...1, tasks, in: &state)
        _ = state.connectingFailed(Self.failure)
        #expect(state.beginRetrying() && !state.takeRetry(configuration) && state.open == 1)
        tasks.end(state.waiters.removeAll())
    }
}
