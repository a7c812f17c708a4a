import FoundationEssentials
import Postgres

/// Which code runs which kind of job.
public struct HandlerRegistry: Sendable {
    struct Handler: Sendable {
        let queue: String
        let version: Int
        let run: Body
    }

    typealias Body = @Sendable (JSONText, JobContext) async throws -> Void

    private(set) var handlers: [String: Handler] = [:]

    public init() {}

    /// Registers the code for one kind. A kind has one handler: registering it again is a programming error and traps.
    ///
    /// Parameters that do not decode are a permanent failure.
    public mutating func register<J: Job>(
        _ type: J.Type, _ handler: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        precondition(handlers[J.kind] == nil, "two handlers for jobs of kind \(J.kind)")
        let decoder = JSONDecoder()
        handlers[J.kind] = Handler(queue: J.queue, version: J.version) { parameters, context in
            let job: J
            do {
                job = try decoder.decode(J.self, from: Data(parameters.utf8))
            } catch {
                throw JobError.permanent("the parameters cannot be read: \(error)")
            }
            try await handler(job, context)
        }
    }

    /// The kinds in a fixed order, with the highest version of each that the code can read.
    var kinds: [(kind: String, version: Int)] {
        handlers.sorted { $0.key < $1.key }.map { ($0.key, $0.value.version) }
    }

    /// The queues of the registered kinds, sorted.
    public var queues: [String] { Set(handlers.values.map(\.queue)).sorted() }
}
