import InMemoryTracing
import TestSupport
import Testing
import Tracing

@testable import Postgres

/// The tracer can be set once in a process, so each test has one to itself.
@Suite struct SpanTests {
    private static let divide = Statement("test.divide", "SELECT 1 / \(0)", one: { try $0.next(Int.self) })
    private static let rows = Statement("test.rows", "SELECT generate_series(1, 3)", all: { try $0.next(Int.self) })
    /// What no span holds: words of the statements above, and values.
    private static let hidden = ["SELECT", "RAISE", "secret-value"]
    private static let exception = "DO $$ BEGIN RAISE EXCEPTION 'secret-value' USING ERRCODE = 'P0001'; END $$"

    private static func configuration() -> Postgres.Configuration {
        var configuration = TestServer.observer
        configuration.applicationName = "traced"
        return configuration
    }

    /// The spans of the wrapper, in the order in which they began, all of which have ended and hold nothing secret.
    private static func spans(_ tracer: InMemoryTracer) -> [FinishedInMemorySpan] {
        #expect(tracer.activeSpans.isEmpty)
        let spans = tracer.finishedSpans.filter { $0.operationName == "traced" }
            .sorted { $0.startInstant.nanosecondsSinceEpoch < $1.startInstant.nanosecondsSinceEpoch }
        for span in spans {
            #expect(span.kind == .client && span.attributes.get("db.system.name") == .string("postgresql"))
            #expect(span.endInstant.nanosecondsSinceEpoch >= span.startInstant.nanosecondsSinceEpoch)
            let text = "\(span.attributes) \(span.errors.map { "\($0.error)" }) \(span.events)"
            for word in hidden { #expect(!text.contains(word)) }
        }
        return spans
    }

    private static func summaries(_ spans: [FinishedInMemorySpan]) -> [String?] {
        spans.map { span in
            guard case .string(let text) = span.attributes.get("db.query.summary") else { return nil }
            return text
        }
    }

    @Test(.ownProcess) func `a pipeline is a span within the caller's, with the names of its statements`() async {
        await #expect(processExitsWith: .success) {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            try await withPool(Self.configuration()) { pool in
                try await withSpan("request") { _ in _ = try await pool.pipeline(Queries.backend, Self.rows, Self.rows)
                }
            }
            let span = try #require(Self.spans(tracer).first)
            #expect(Self.spans(tracer).count == 1)
            #expect(span.parentSpanID == tracer.finishedSpans.first { $0.operationName == "request" }?.spanID)
            #expect(Self.summaries([span]) == ["begin test.backend test.rows commit"])
            #expect(span.attributes.get("db.operation.batch.size") == .int64(5))
        }
    }

    @Test(.ownProcess) func `look-ups that travel together are a span each, within their callers'`() async {
        await #expect(processExitsWith: .success) {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            try await withPool(Self.configuration()) { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<5 {
                        group.addTask(executorPreference: PollingExecutor.shared) {
                            try await withSpan("request") { _ in _ = try await pool.lookUp(Queries.backend) }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let spans = Self.spans(tracer)
            #expect(Self.summaries(spans) == Array(repeating: "begin test.backend commit", count: 5))
            let requests = tracer.finishedSpans.filter { $0.operationName == "request" }.map(\.spanID)
            #expect(Set(spans.map(\.parentSpanID)) == Set(requests) && requests.count == 5)
        }
    }

    @Test(.ownProcess) func `each round trip of a transaction, each stream, COPY and script is a span within its own`()
        async
    {
        await #expect(processExitsWith: .success) {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            try await withPool(Self.configuration()) { pool in
                try await pool.withTransaction { transaction in
                    _ = try await transaction.run(Queries.backend)
                    try await transaction.execute(script: "CREATE TEMP TABLE t (n int)", name: "test.script")
                    try await transaction.stream(Self.rows) { for try await _ in $0 {} }
                    try await transaction.copyOut("test.out", "COPY t TO STDOUT") { for try await _ in $0 {} }
                    try await transaction.copyIn("test.in", "COPY t FROM STDIN (FORMAT binary)") { writer in
                        try await writer.row(columns: 1) { $0.append(Int32(1)) }
                    }
                }
            }
            let spans = Self.spans(tracer)
            #expect(
                Self.summaries(spans) == [
                    nil, "begin test.backend", "test.script", "savepoint", "test.rows", "release savepoint", "test.out",
                    "release", "test.in", "commit",
                ])
            #expect(spans.dropFirst().allSatisfy { $0.parentSpanID == spans[0].spanID })
        }
    }

    @Test(.ownProcess) func `what a connection of its own does is a span too`() async {
        await #expect(processExitsWith: .success) {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            try await Connection.with(Self.configuration()) { connection in
                _ = try await connection.run(Queries.backend)
                try await connection.execute(script: "SELECT 1", name: "test.script")
                try await connection.withTransaction { _ = try await $0.run(Self.rows) }
            }
            let spans = Self.spans(tracer)
            #expect(Self.summaries(spans) == ["test.backend", "test.script", nil, "begin test.rows", "commit"])
            #expect(spans.map { $0.parentSpanID == spans[2].spanID } == [false, false, false, true, true])
        }
    }

    @Test(.ownProcess) func `what fails is a span with the reason and the statement`() async {
        await #expect(processExitsWith: .success) {
            let tracer = InMemoryTracer()
            InstrumentationSystem.bootstrap(tracer)
            let pool = Pool(Self.configuration())
            _ = try await failure { try await pool.pipeline(Self.divide) }
            _ = try await failure {
                try await pool.withTransaction { try await $0.execute(script: Self.exception, name: "test.raise") }
            }
            pool.close()
            _ = try await failure { try await pool.pipeline(Queries.backend) }

            let spans = Self.spans(tracer)
            #expect(
                Self.summaries(spans)
                    == ["begin test.divide commit", nil, "begin", "test.raise", "begin test.backend commit"])
            func text(_ attribute: String) -> [SpanAttribute?] { spans.map { $0.attributes.get(attribute) } }
            let types: [SpanAttribute?] = [
                .string("22012"), .string("P0001"), nil, .string("P0001"), .string("pool_closed"),
            ]
            #expect(text("error.type") == types)
            let names: [SpanAttribute?] = [
                .string("test.divide"), .string("test.raise"), nil, .string("test.raise"), nil,
            ]
            #expect(text("db.operation.name") == names)
            #expect(spans.map(\.errors.count) == [1, 1, 0, 1, 1])
            #expect(spans.map { $0.status?.code == .error } == [true, true, false, true, true])
        }
    }
}
