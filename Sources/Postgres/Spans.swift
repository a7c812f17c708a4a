import Tracing

/// The spans of one pool or connection, through swift-distributed-tracing.
///
/// Each pipeline, transaction, statement and script is a span, and within a transaction each round trip, stream and
/// COPY. (OpenTelemetry, semantic conventions for database client calls.)
struct Spans: Sendable {
    private let tracer: any Tracer
    private let name: String
    private let attributes: SpanAttributes

    /// `nil` when no tracer is installed.
    init?(_ configuration: Configuration) {
        let tracer = InstrumentationSystem.tracer
        guard !(tracer is NoOpTracer) else { return nil }
        self.tracer = tracer
        name = configuration.applicationName
        attributes = ["db.system.name": "postgresql"]
    }

    /// Runs the body in a span of its own.
    /// - Parameter statements: names of what it sends, as far as they are known before.
    func traced<Result>(_ statements: [String], _ body: () async throws -> Result) async throws -> Result {
        let span = tracer.startSpan(name, ofKind: .client)
        span.attributes.merge(attributes)
        if !statements.isEmpty { span.attributes["db.query.summary"] = Self.summary(statements) }
        if statements.count > 1 { span.attributes["db.operation.batch.size"] = statements.count }
        defer { span.end() }
        do {
            return try await ServiceContext.withValue(span.context, operation: body)
        } catch {
            span.recordError(error)
            span.setStatus(SpanStatus(code: .error))
            if let error = error as? PostgresError {
                span.attributes["error.type"] = error.state?.rawValue ?? error.reason.name
                if let statement = error.statement { span.attributes["db.operation.name"] = statement }
            }
            throw error
        }
    }

    /// Each name once, in order, in the 255 characters that the conventions allow.
    private static func summary(_ statements: [String]) -> String {
        var seen: Set<String> = []
        return String(statements.filter { seen.insert($0).inserted }.joined(separator: " ").prefix(255))
    }
}

extension Spans? {
    /// The same; without a tracer the body alone.
    func traced<Result>(
        _ statements: @autoclosure () -> [String] = [], _ body: () async throws -> Result
    ) async throws -> Result {
        guard let self else { return try await body() }
        return try await self.traced(statements(), body)
    }
}

extension [Command] {
    var names: [String] { map(\.label.name.description) }
}
