import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(1))) struct WaitingLineTests {
    private func moment(_ nanoseconds: Int64) -> Moment { Moment(nanoseconds: nanoseconds) }

    @Test func `those who wait as long as each other are served in order of arrival`() async {
        let tasks = WaitingTasks()
        var line = WaitingLine()
        for ticket in 0..<300 as Range<UInt64> {
            _ = line.append(ticket, until: moment(9), await tasks.add(ticket))
            // So that there are always some in front who have left, and many now and then.
            if ticket % 3 == 2 { for _ in 0..<2 { tasks.end(line.popFirst()) } }
            #expect(line.count == Int(ticket + 1 - (ticket + 1) / 3 * 2))
        }
        for _ in 0..<100 { tasks.end(line.popFirst()) }
        #expect(line.count == 0 && line.popFirst() == nil)
        #expect(await tasks.order() == Array(0..<300))
    }

    @Test func `one that waits again stands before those whose time ends later`() async {
        let tasks = WaitingTasks()
        var line = WaitingLine()
        for (ticket, end) in [(1, 10), (2, 20), (3, 30), (4, 20), (5, 5), (6, 30)] as [(UInt64, Int64)] {
            _ = line.append(ticket, until: moment(end), await tasks.add(ticket))
        }
        while let wait = line.popFirst() { tasks.end(wait) }
        #expect(await tasks.order() == [5, 1, 2, 4, 3, 6])
    }

    @Test func `one that leaves was there, once`() async {
        let tasks = WaitingTasks()
        var line = WaitingLine()
        for ticket in 1...4 as ClosedRange<UInt64> {
            _ = line.append(ticket, until: .never, await tasks.add(ticket))
        }
        tasks.end(line.popFirst())
        // Those who were served, or never came, cannot leave any more.
        #expect(line.remove(1) == nil && line.remove(9) == nil && line.count == 3)
        tasks.end(line.remove(3))
        #expect(line.remove(3) == nil && line.count == 2)
        tasks.end(line.removeAll())
        #expect(line.count == 0 && line.remove(2) == nil)
        #expect(await tasks.order() == [1, 3, 2, 4])
    }

    @Test func `those whose time is over leave in its order, and the next one's end is told`() async {
        let tasks = WaitingTasks()
        var line = WaitingLine()
        for (ticket, end) in [(1, 10), (2, 20), (3, 20), (4, 30)] as [(UInt64, Int64)] {
            _ = line.append(ticket, until: moment(end), await tasks.add(ticket))
        }
        for (now, late, next) in [(9, 0, 10), (20, 3, 30), (29, 0, 30), (30, 1, nil)] as [(Int64, Int, Int64?)] {
            let expired = line.expire(at: moment(now))
            #expect(expired.late.count == late && expired.next == next.map { moment($0) })
            tasks.end(expired.late)
        }
        #expect(line.count == 0)
        #expect(await tasks.order() == [1, 2, 3, 4])
    }

    @Test func `one timer is started for all, and another when that has ended`() async {
        let tasks = WaitingTasks()
        var (line, starts) = (WaitingLine(), [UInt64]())
        func append(_ ticket: UInt64, until end: Int64) async {
            if line.append(ticket, until: moment(end), await tasks.add(ticket)) { starts.append(ticket) }
        }
        await append(1, until: 10)
        await append(2, until: 20)
        tasks.end(line.expire(at: moment(10)).late)
        await append(3, until: 20)
        tasks.end(line.removeAll())
        // The timer does not know yet that nobody waits.
        await append(4, until: 30)
        tasks.end(line.popFirst())
        let over = line.expire(at: moment(25))
        #expect(over.late.isEmpty && over.next == nil)
        await append(5, until: 30)
        tasks.end(line.popFirst())
        #expect(starts == [1, 5])
        #expect(await tasks.order() == [1, 2, 3, 4, 5])
    }

    /// Against a list of which each operation looks at everything.
    @Test func `whatever happens in whatever order, the line is the list it stands for`() async {
        let tasks = WaitingTasks()
        var line = WaitingLine()
        var list: [(ticket: UInt64, end: Int64)] = []
        var (left, random) = ([UInt64](), SplitMix64(seed: 5))
        for ticket in 0..<3000 as Range<UInt64> {
            let now = Int64(ticket)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<2:
                tasks.end(line.popFirst())
                if !list.isEmpty { left.append(list.removeFirst().ticket) }
            case 2:
                let known = list.randomElement(using: &random)?.ticket ?? .max
                tasks.end(line.remove(known))
                list.removeAll { $0.ticket == known }
                if known != .max { left.append(known) }
            case 3:
                let (late, next) = line.expire(at: moment(now))
                tasks.end(late)
                left += list.prefix { $0.end <= now }.map(\.ticket)
                list.removeAll { $0.end <= now }
                #expect(next == list.first.map { moment($0.end) })
            default:
                let end = now + Int64.random(in: 1...400, using: &random)
                _ = line.append(ticket, until: moment(end), await tasks.add(ticket))
                list.insert((ticket, end), at: list.firstIndex { $0.end > end } ?? list.count)
            }
            #expect(line.count == list.count)
        }
        tasks.end(line.removeAll())
        left += list.map(\.ticket)
        #expect(await tasks.order() == left)
    }

    // MARK: In a pool whose server is nowhere

    /// What became of tasks that wanted a connection while there was one place, which was taken.
    private func compete(
        _ tasks: Int, wait: Duration, _ body: (Pool, [Task<PostgresError.Reason, any Error>]) async throws -> Void
    ) async throws -> [PostgresError.Reason] {
        var configuration = Configuration.ofNoServer(maximumWaiters: tasks)
        configuration.acquireTimeout = wait
        return try await withPool(configuration) { pool in
            pool.state.withLock { $0.open = 1 }
            let waiters = (0..<tasks).map { _ in
                Task { try await failure { try await pool.withSession { _ in } }.reason }
            }
            try await body(pool, waiters)
            var reasons: [PostgresError.Reason] = []
            for waiter in waiters { reasons.append(try await waiter.value) }
            // Neither anybody nor a place was forgotten.
            try await eventually { pool.counts == (0, 0, 0) }
            return reasons
        }
    }

    @Test(arguments: 0..<20)
    func `a wait that ends, is cancelled and is served at the same moment ends once`(_ round: Int) async throws {
        let reasons = try await compete(100, wait: .milliseconds(round)) { pool, waiters in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for waiter in waiters.shuffled().prefix(50) { waiter.cancel() } }
                group.addTask {
                    await Task.yield()
                    if round.isMultiple(of: 2) { pool.giveUpPlace() } else { pool.close() }
                }
                try await group.waitForAll()
            }
            if !round.isMultiple(of: 2) { pool.giveUpPlace() }
        }
        #expect(reasons.count == 100)
        for reason in reasons {
            switch reason {
            case .poolExhausted, .cancelled, .connection: break
            case .poolClosed: #expect(!round.isMultiple(of: 2))
            default: Issue.record("\(reason)")
            }
        }
    }
}
