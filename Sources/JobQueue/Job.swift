/// A kind of background work; its stored properties are its parameters.
///
/// Jobs run at least once: a handler must bear to be run again after a crash. Parameters are stored as JSON, so a
/// property that is added later must be optional or have a default in `init(from:)`; a change that older code cannot
/// read raises ``version``.
public protocol Job: Codable, Sendable {
    /// The name under which the job is stored, such as `score.recompute`. It never changes.
    static var kind: String { get }
    /// The form of the parameters. A worker leaves jobs of a higher version than its own to newer workers.
    static var version: Int { get }
    static var queue: String { get }
    /// How often the handler may fail before the job is dead-lettered. Snoozes, shutdowns and crashes do not count.
    static var maxAttempts: Int { get }
    /// Smaller runs first, −32,768…32,767. Priorities order one tenant's jobs in one queue, never tenants.
    static var priority: Int { get }
    /// At most one job of this kind with this key waits and at most one runs per tenant. `nil` for no such limit.
    var uniqueKey: String? { get }
}

extension Job {
    public static var version: Int { 1 }
    public static var queue: String { "default" }
    public static var maxAttempts: Int { 20 }
    public static var priority: Int { 0 }
    public var uniqueKey: String? { nil }
}
