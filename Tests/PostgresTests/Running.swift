@testable import Postgres

/// The executors on which a task may use a pool.
enum Running: CaseIterable, Sendable {
    case byDefault, onPollers

    func start<Result: Sendable>(
        _ body: @escaping @Sendable @concurrent () async throws -> Result
    ) -> Task<Result, any Error> {
        switch self {
        case .byDefault: Task(operation: body)
        case .onPollers: Task(executorPreference: PollingExecutor.shared, operation: body)
        }
    }
}
