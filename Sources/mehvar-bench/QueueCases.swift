import Foundation
import Postgres

/// The cases of the benchmark `queue`.
struct QueueCases {
    /// A case and its floor, run by run.
    struct Result {
        /// Within a tenth.
        static let sameGoal = 0.9

        let name: String
        let unit: String
        var values: [Double] = []
        var floors: [Double] = []
        var isCost = false
        /// The least ratio that is asked for.
        var goal: Double?

        func measured(memoryMb: Double) -> Measurement.Case {
            Measurement.Case(
                name: name, unit: unit, values: values, floors: floors, memoryMb: memoryMb, isCost: isCost, goal: goal)
        }

        /// This beside what was measured of another.
        func beside(_ other: Result) -> Result {
            Result(
                name: other.name + "_deep_to_plain", unit: unit, values: values, floors: other.values, isCost: isCost,
                goal: Self.sameGoal)
        }

        func beside(_ floors: [Double], _ name: String) -> Result {
            Result(name: name, unit: unit, values: values, floors: floors, isCost: isCost, goal: 1)
        }
    }

    /// What is asked of `pickup`: the 99th percentile, in milliseconds.
    private static let pickupGoal = 8.0
    /// Enough that the 99th percentile is not one or two of them.
    private static let pickups = 1000

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
        var process = Result(name: "process\(suffix)", unit: "1/s", goal: 0.7)
        var bulk = Result(name: "enqueue_bulk\(suffix)", unit: "1/s", goal: 0.5)
        var one = Result(name: "enqueue_one\(suffix)", unit: "1/s", goal: 0.9)
        var pickup = Result(
            name: "pickup_p99_ms\(suffix)", unit: "ms", floors: [Self.pickupGoal], isCost: true, goal: 1)
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
            pickup.values.append(try await runs.pickup(Self.pickups).percentile(0.99))
        }
        return [process, bulk, one, pickup]
    }

    /// Half a million jobs that wait.
    func backlog(_ plain: [Result]) async throws -> Result {
        Self.note("half a million jobs")
        try await tables.fill(500_000)
        let rate = try await runs.process(500_000)
        try await tables.empty()
        return Result(name: "backlog", unit: "1/s", values: [rate], floors: plain[0].values, goal: Result.sameGoal)
    }

    /// A backlog of 500,000 jobs that are drained while a transaction sees all of them from the beginning on.
    func held(_ plain: [Result]) async throws -> Result {
        Self.note("half a million jobs beside an open transaction")
        try await tables.fill(500_000)
        let rate = try await tables.whileHeld { try await runs.process(500_000) }
        try await tables.empty()
        return Result(name: "held", unit: "1/s", values: [rate], floors: plain[0].values, goal: 0.5)
    }

    func tokenless() async throws -> Result {
        var result = Result(name: "tokenless_p99_ms", unit: "ms", isCost: true, goal: Result.sameGoal)
        for _ in 1...options.runs {
            Self.note("pick-up beside a tenant without tokens")
            result.floors.append(try await runs.pickup(Self.pickups).percentile(0.99))
            try await tables.addTokenless(10_000)
            result.values.append(try await runs.pickup(Self.pickups).percentile(0.99))
            guard try await tables.count("SELECT count(*) FROM job.job WHERE state = 'ready'") == 10_000 else {
                throw Tool.Failure(description: "jobs of the tenant without tokens were claimed")
            }
            try await tables.empty()
        }
        return result
    }

    static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
