import Foundation
import Postgres

/// The cases of the benchmark `queue`.
struct QueueCases {
    /// A case and its floor, run by run.
    struct Result {
        let name: String
        let unit: String
        var values: [Double] = []
        var floors: [Double] = []
        var isCost = false

        func measured(memoryMb: Double) -> Measurement.Case {
            Measurement.Case(
                name: name, unit: unit, values: values, floors: floors, memoryMb: memoryMb, isCost: isCost)
        }

        /// This beside what was measured of another.
        func beside(_ other: Result) -> Result {
            Result(
                name: other.name + "_deep_to_plain", unit: unit, values: values, floors: other.values, isCost: isCost)
        }

        func beside(_ floors: [Double], _ name: String) -> Result {
            Result(name: name, unit: unit, values: values, floors: floors, isCost: isCost)
        }
    }

    /// What is asked of `pickup`: the 99th percentile, in milliseconds.
    private static let pickupGoal = 8.0

    let options: BenchOptions
    let jobs: Int
    let tables: QueueTables
    let runs: QueueRuns

    /// The first writes on a new cluster make its files, which later ones use again.
    func warmUp() async throws {
        Self.note("warming up")
        try await tables.fill(jobs)
        _ = try await runs.process(jobs)
        _ = try await runs.enqueueBulk(seconds: options.seconds)
        try await tables.empty()
    }

    func measure(_ suffix: String = "") async throws -> [Result] {
        var process = Result(name: "process\(suffix)", unit: "1/s")
        var bulk = Result(name: "enqueue_bulk\(suffix)", unit: "1/s")
        var one = Result(name: "enqueue_one\(suffix)", unit: "1/s")
        var pickup = Result(name: "pickup_p99_ms\(suffix)", unit: "ms", floors: [Self.pickupGoal], isCost: true)
        for run in 1...options.runs {
            Self.note("run \(run) of \(options.runs)\(suffix)")
            try await tables.fill(jobs)
            process.values.append(try await runs.process(jobs))
            try await tables.fill(options.seconds * QueueTables.mostPerSecond)
            process.floors.append(try await tables.cycleFloor(seconds: options.seconds))
            try await tables.empty()
            bulk.floors.append(try await tables.bulkFloor(seconds: options.seconds))
            try await tables.empty()
            bulk.values.append(try await runs.enqueueBulk(seconds: options.seconds))
            try await tables.empty()
            one.floors.append(try await tables.oneFloor(seconds: options.seconds))
            one.values.append(try await runs.enqueueOne(seconds: options.seconds))
            try await tables.empty()
            pickup.values.append(try await runs.pickup(200).percentile(0.99))
        }
        return [process, bulk, one, pickup]
    }

    /// Half a million jobs that wait.
    func backlog(_ plain: [Result]) async throws -> Result {
        Self.note("half a million jobs")
        try await tables.fill(500_000)
        let rate = try await runs.process(500_000)
        try await tables.empty()
        return Result(name: "backlog", unit: "1/s", values: [rate], floors: plain[0].values)
    }

    /// A backlog of 500,000 jobs that are drained while a transaction sees all of them from the beginning on.
    func held(_ plain: [Result]) async throws -> Result {
        Self.note("half a million jobs beside an open transaction")
        try await tables.fill(500_000)
        let rate = try await tables.whileHeld { try await runs.process(500_000) }
        try await tables.empty()
        return Result(name: "held", unit: "1/s", values: [rate], floors: plain[0].values)
    }

    func tokenless() async throws -> Result {
        var result = Result(name: "tokenless_p99_ms", unit: "ms", isCost: true)
        for _ in 1...options.runs {
            Self.note("pick-up beside a tenant without tokens")
            result.floors.append(try await runs.pickup(200).percentile(0.99))
            try await tables.addTokenless(10_000)
            result.values.append(try await runs.pickup(200).percentile(0.99))
            guard try await tables.count("SELECT count(*) FROM job.job WHERE state = 'ready'") == 10_000 else {
                throw Tool.Failure(description: "jobs of the tenant without tokens were claimed")
            }
            try await tables.empty()
        }
        return result
    }

    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
