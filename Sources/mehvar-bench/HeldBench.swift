import ArgumentParser
import CRM
import Foundation
import Postgres

/// The job queue beside a transaction that is open for long.
///
/// One worker has always work to do while a transaction sees everything that was there at its beginning, so that no dead
/// row can be cleaned away. The floor is what the worker did right before; the mean of the second half of the time counts,
/// with the moments in which a long look stops the claims.
struct HeldBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "held", abstract: "The job queue while a transaction is open for long.")

    @Flag(help: "One JSON document on standard output instead of the table.")
    var json = false
    @Option(help: "How long the transaction is open, in seconds.")
    var seconds = 60
    @Option(help: "Jobs that wait at least.")
    var jobs = 50_000
    @Option(help: "Fails when the rate falls below this share of what it was before.")
    var atLeast = 0.5

    func validate() throws {
        if !(1...3000).contains(seconds) || !(1000...1_000_000).contains(jobs) || !(0...1).contains(atLeast) {
            throw ValidationError("--seconds is 1 to 3000, --jobs 1000 to 1000000, --at-least 0 to 1.")
        }
    }

    /// Seconds of one sample.
    private static let sample = 5

    func run() async throws {
        try await QueueBench.withRuns { tables, runs in
            let (before, during) = try await runs.withLoad(jobs) { completed in
                func rate() async throws -> Double {
                    let (began, count) = (ContinuousClock.now, completed())
                    try await Task.sleep(for: .seconds(Self.sample))
                    return Double(completed() - count) / ((ContinuousClock.now - began) / .seconds(1))
                }
                QueueCases.note("before the transaction")
                _ = try await rate()
                var before: [Double] = []
                for _ in 0..<3 { before.append(try await rate()) }
                let usual = before.median
                let during = try await tables.whileHeld {
                    let began = ContinuousClock.now
                    var rates: [Double] = []
                    while rates.count < 3 || ContinuousClock.now - began < .seconds(seconds) {
                        rates.append(try await rate())
                        QueueCases.note(
                            """
                            held for \(Int((ContinuousClock.now - began) / .seconds(1))) s of \(seconds): \
                            \(Int(rates[rates.count - 1])) jobs/s, \(Int(usual)) before
                            """)
                    }
                    return rates
                }
                return (before, during)
            }
            let late = during.suffix((during.count + 1) / 2)
            let rate = late.reduce(0, +) / Double(late.count)
            let held = QueueCases.Result(name: "held", unit: "1/s", values: [rate], floors: before, goal: atLeast)
            try Measurement(bench: "held", cases: [held.measured(memoryMb: peakMemory(of: Int(getpid())))])
                .print(json: json)
            guard rate >= before.median * atLeast else {
                throw Tool.Failure(
                    description: "beside an open transaction the queue fell below \(atLeast) of its rate before")
            }
        }
    }
}
