import CRM
import Foundation

/// What one benchmark found.
struct Measurement: Encodable {
    struct Case: Encodable {
        let name: String
        let value: Double
        let unit: String
        let floor: Double
        let ratio: Double
        /// The least ratio that is asked for, if any.
        let goal: Double?
        /// Peak resident memory of the measured process.
        let memoryMb: Double

        /// Medians of interleaved runs.
        ///
        /// - Parameter isCost: whether a smaller value is the better one.
        init(
            name: String, unit: String, values: [Double], floors: [Double], memoryMb: Double, isCost: Bool = false,
            goal: Double? = nil
        ) {
            self.name = name
            self.goal = goal
            self.unit = unit
            value = values.median
            floor = floors.median
            let better = isCost ? (floor, value) : (value, floor)
            ratio = better.1 > 0 ? better.0 / better.1 : 0
            self.memoryMb = memoryMb
        }
    }

    let bench: String
    let cases: [Case]

    /// - Throws: with `check`, when a case does not reach its goal.
    func print(json: Bool, check: Bool = false) throws {
        try write(json: json)
        let missed = cases.filter { $0.ratio < $0.goal ?? 0 }
        guard check, !missed.isEmpty else { return }
        throw Tool.Failure(description: "below its goal: \(missed.map(\.name).joined(separator: ", "))")
    }

    private func write(json: Bool) throws {
        if json {
            let encoder = JSONCoding.encoder()
            encoder.outputFormatting.insert(.sortedKeys)
            Swift.print(String(decoding: try encoder.encode(self), as: UTF8.self))
            return
        }
        Swift.print("\(bench)\ncase                      value          floor  ratio  goal  memory")
        for found in cases {
            let format =
                found.value < 1000
                ? "%10.1f %@ %10.1f %@  %5.3f  %@  %4.0f MB" : "%10.0f %@ %10.0f %@  %5.3f  %@  %4.0f MB"
            Swift.print(
                found.name.padding(toLength: 18, withPad: " ", startingAt: 0)
                    + String(
                        format: format, found.value, found.unit, found.floor, found.unit, found.ratio,
                        found.goal.map { String(format: "%4.2f", $0) } ?? "    ", found.memoryMb))
        }
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// Peak resident memory of a process, in MB.
func peakMemory(of pid: Int) -> Double {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
        let kilobytes = line.split(separator: " ").dropFirst().compactMap({ Double($0) }).first
    else { return 0 }
    return kilobytes / 1024
}
