import Foundation
import JobQueue
import Metrics
import MetricsTestKit
import Postgres
import TestSupport
import Testing

/// What a worker tells through swift-metrics.
@Suite("Metrics")
struct MetricsTests {
    /// The names that stand in a row of the table of metrics, each with what the table says of it.
    private static func promised() throws -> [String: String] {
        let article = sqlDirectory.deletingLastPathComponent()
            .appending(path: "Sources/JobQueue/JobQueue.docc/Operating.md")
        var names: [String: String] = [:]
        for line in try String(contentsOf: article, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 2, cells[0].hasPrefix("`job_") else { continue }
            let kinds = cells[1].split(separator: ", ")
            for (index, name) in cells[0].matches(of: /`(job_[a-z_]+)`/).enumerated() {
                names[String(name.output.1)] = String(kinds[min(index, kinds.count - 1)])
            }
        }
        return names
    }

    @Test func `A worker reports every metric that the documentation names, and no other`() async throws {
        let metrics = TestMetrics()
        try await withQueue { queue in
            let handlers = handling { note, context in
                if note.number == 1 { throw JobError.permanent("no") }
                if note.number == 2, context.attempt == 1 { throw Mishap() }
            }
            try await queue.enqueue((0..<4).map { NewJob(Note(number: $0)) })
            // As if its worker had died.
            try await queue.run(
                """
                UPDATE job.job SET state = 'running', worker_id = \(UUID.v7()), attempt = 1
                WHERE parameters ->> 'number' = '3'
                """)
            try await withWorker(queue.queue, handlers, configure: { $0.metrics = metrics }) { worker in
                try await eventually { worker.counts.completed == 3 && worker.counts.dead == 1 }
            }
        }
        var reported: [String: String] = [:]
        for counter in metrics.counters { reported[counter.label] = "counter" }
        for recorder in metrics.recorders { reported[recorder.label] = "recorder" }
        for timer in metrics.timers { reported[timer.label] = "timer" }
        let own = reported.filter { $0.key.hasPrefix("job_") }
        let promised = try Self.promised()
        #expect(own == promised)
        #expect(promised.count == 12)

        func count(_ label: String) throws -> Int64 { try metrics.expectCounter(label).totalValue }
        // The second one ran twice, the fourth had to be taken back.
        #expect(try count("job_claimed_total") == 5)
        #expect(try count("job_completed_total") == 3)
        #expect(try count("job_failed_total") == 2)
        #expect(try count("job_returned_total") == 2)
        #expect(try count("job_dead_total") == 1)
        #expect(try count("job_rescued_total") == 1)
        #expect(try count("job_fenced_total") == 0)
        let starts = try metrics.expectTimer("job_start_latency", [("queue", "default")]).values
        #expect(starts.count == 5 && starts.allSatisfy { $0 >= 0 })
        // The one that was rescued is no run's outcome, so it is in no batch of theirs.
        let sizes = try metrics.expectRecorder("job_flush_size").values
        #expect(sizes.reduce(0, +) == 5)
        let lags = try metrics.expectTimer("job_flush_lag").values
        #expect(lags.count == sizes.count && lags.allSatisfy { $0 > 0 })
    }
}
