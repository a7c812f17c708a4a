/// The condition did not come true in time.
public struct NeverHappened: Error, CustomStringConvertible {
    public let limit: Duration
    public var description: String { "the condition did not come true within \(limit)" }
}

/// Waits until the task is cancelled, and throws `CancellationError` then.
public func untilCancelled() async throws -> Never {
    let (never, end) = AsyncStream.makeStream(of: Never.self)
    // Iterating ends with the task's cancellation alone, as long as the other side is there.
    for await _ in never {}
    withExtendedLifetime(end) {}
    throw CancellationError()
}

/// Returns as soon as the condition holds, which is looked at every few milliseconds; throws ``NeverHappened`` after `limit`.
public func eventually(
    within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(limit: limit) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
