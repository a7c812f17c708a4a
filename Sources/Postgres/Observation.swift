import Logging
import Metrics

/// What a pool tells about itself, through swift-metrics and swift-distributed-tracing. Both have to be set up before the
/// pool is made.
struct Observation: Sendable {
    let waitTime: Metrics.Timer
    let duration: Metrics.Timer
    let transactions: Counter
    let failures: Counter
    let retries: Counter
    let timeouts: Counter
    private let created: Counter
    private let discarded: Counter
    private let inUse: Gauge
    private let idle: Gauge
    private let waiting: Gauge
    /// `nil` when no tracer is installed.
    let spans: Spans?

    init(_ configuration: Configuration) {
        let pool = [("pool", configuration.applicationName), ("role", configuration.user ?? "")]
        waitTime = Metrics.Timer(label: "postgres_pool_wait", dimensions: pool)
        duration = Metrics.Timer(label: "postgres_transaction_duration", dimensions: pool)
        transactions = Counter(label: "postgres_transactions_total", dimensions: pool)
        failures = Counter(label: "postgres_transactions_failed_total", dimensions: pool)
        retries = Counter(label: "postgres_transactions_retried_total", dimensions: pool)
        timeouts = Counter(label: "postgres_pool_exhausted_total", dimensions: pool)
        created = Counter(label: "postgres_pool_connections_created_total", dimensions: pool)
        discarded = Counter(label: "postgres_pool_connections_discarded_total", dimensions: pool)
        inUse = Gauge(label: "postgres_pool_connections", dimensions: pool + [("state", "in_use")])
        idle = Gauge(label: "postgres_pool_connections", dimensions: pool + [("state", "idle")])
        waiting = Gauge(label: "postgres_pool_waiting", dimensions: pool)
        spans = Spans(configuration)
    }

    func opened() { created.increment() }
    func closed(_ count: Int = 1) { discarded.increment(by: count) }

    func report(_ statistics: Pool.Statistics) {
        inUse.record(statistics.inUse)
        idle.record(statistics.idle)
        waiting.record(statistics.waiting)
    }
}

extension Configuration {
    /// Hands on what the server said without being asked.
    func noticed(_ report: ServerReport) {
        let level: Logger.Level =
            switch report.severity {
            case "WARNING": .warning
            case "NOTICE", "INFO": .info
            default: .debug
            }
        // The wording is the server's, or that of a function in the database; it may quote values.
        logger.log(level: level, "notice of the server", metadata: ["sqlstate": "\(report.state)"])
        logger.debug("notice", metadata: ["message": "\(report.message)"])
        onNotice?(report)
    }
}

extension Session {
    /// Hands on a notice; the last words of a server that ends the session while it idles come as one too.
    func noticed(_ report: ServerReport) {
        if report.severity == "FATAL" || report.severity == "PANIC" { discard() }
        configuration.noticed(report)
    }
}

extension Session {
    /// Notes when a round trip ended; logs what it carried and reports it when it was slow.
    func note(_ commands: [Command], since began: Moment) {
        lastAnswer = .now
        let isSlow = began + slowAfter <= lastAnswer
        if isSlow || configuration.logger.logLevel <= .trace {
            report(commands.names, lastAnswer - began, isSlow)
        }
    }

    /// The same of a stream, a COPY or a script. Only the time in which the server was waited for counts, not that of
    /// who reads or sends.
    func noted<Result>(_ name: String, _ body: () async throws -> Result) async throws -> Result {
        waited = 0
        defer {
            let waited = waited ?? 0
            self.waited = nil
            lastAnswer = .now
            let isSlow = waited >= slowAfter.count
            if isSlow || configuration.logger.logLevel <= .trace { report([name], .nanoseconds(waited), isSlow) }
        }
        return try await body()
    }

    private func report(_ names: [String], _ duration: Duration, _ isSlow: Bool) {
        let metadata: Logger.Metadata = ["statements": "\(names.joined(separator: " "))", "duration": "\(duration)"]
        if isSlow {
            configuration.logger.warning("slow round trip", metadata: metadata)
            configuration.onSlow?(SlowRoundTrip(statements: names, duration: duration))
        } else {
            configuration.logger.trace("round trip", metadata: metadata)
        }
    }
}
