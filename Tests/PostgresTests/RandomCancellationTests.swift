import TestSupport
import Testing

@testable import Postgres

@Suite struct RandomCancellationTests {
    @Test(arguments: [false, true])
    func `cancelling at any moment leaves nothing stuck and no answer for another`(_ isPolling: Bool) async throws {
        try await withDatabase { database in
            try await database.execute("CREATE UNLOGGED TABLE t (n int)")
            try await withPool(database.configuration(maximumConnections: 3)) { pool in
                let cancellations = RandomCancellations(pool: pool, executor: isPolling ? PollingExecutor.shared : nil)
                for _ in 0..<10 { try await cancellations.cancelThousand() }
                let tally = cancellations.tally.value
                #expect(tally.count == 10_000)
                for work in CancelledWork.allCases {
                    #expect(tally.finished[work] != nil, "\(work) was always cancelled")
                    #expect(tally.cancelled[work] != nil, "\(work) was never cancelled")
                    for step in 0..<work.steps {
                        #expect(try await cancellations.cancel(work, inStep: step) == step)
                    }
                }
            }
        }
    }
}
