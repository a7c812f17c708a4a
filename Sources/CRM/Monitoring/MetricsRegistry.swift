public import CoreMetrics
import Foundation
import Synchronization

/// Collects what the process measures, and shows it in Prometheus' text format (version 0.0.4).
///
/// Times and sizes become histograms whose buckets each reach twice as far as the one before.
public final class MetricsRegistry: MetricsFactory, Sendable {
    /// What one metric's values differ by.
    struct Series: Hashable, Sendable {
        let name: String
        let labels: String

        init(_ name: String, _ dimensions: [(String, String)]) {
            self.name = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
            labels = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        }

        private static func escaped(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }
    }

    private struct Known {
        var counters: [Series: CounterCell] = [:]
        var gauges: [Series: GaugeCell] = [:]
        var histograms: [Series: HistogramCell] = [:]
    }

    private let known = Mutex(Known())

    public init() {}

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        known.withLock { $0.counters.value(Series(label, dimensions), CounterCell()) }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        known.withLock { known -> any RecorderHandler in
            let series = Series(label, dimensions)
            return aggregate
                ? known.histograms.value(series, HistogramCell(unit: 1)) : known.gauges.value(series, GaugeCell())
        }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("_seconds") ? label : label + "_seconds"
        return known.withLock { $0.histograms.value(Series(name, dimensions), HistogramCell(unit: 1e-9)) }
    }

    // They live as long as the process.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Showing

    /// Everything that was measured, in the order of the names.
    public func text() -> String {
        let known = known.withLock { $0 }
        var text = MetricsText()
        for (series, cell) in known.counters { text.add(series, "counter", [("", "", cell.number)]) }
        for (series, cell) in known.gauges { text.add(series, "gauge", [("", "", cell.number)]) }
        for (series, cell) in known.histograms { text.add(series, "histogram", cell.lines) }
        return text.text
    }
}

/// Lines of the text format, gathered by name.
struct MetricsText {
    private var metrics: [String: (type: String, lines: [String])] = [:]

    /// - Parameter lines: what is behind the name, a further label, and a number.
    mutating func add(_ series: MetricsRegistry.Series, _ type: String, _ lines: [(String, String, String)]) {
        let written = lines.map { suffix, label, number in
            let labels = [series.labels, label].filter { !$0.isEmpty }.joined(separator: ",")
            return series.name + suffix + (labels.isEmpty ? "" : "{\(labels)}") + " " + number
        }
        metrics[series.name, default: (type, [])].lines += written
    }

    /// A number that is looked up when it is asked for.
    mutating func add(_ name: String, _ type: String, _ number: Double, _ dimensions: [(String, String)] = []) {
        add(MetricsRegistry.Series(name, dimensions), type, [("", "", number.formattedForMetrics)])
    }

    var text: String {
        metrics.sorted { $0.key < $1.key }
            .map { name, metric in
                let help = MetricDescriptions.all[name].map { ["# HELP \(name) \($0)"] } ?? []
                let lines = metric.type == "histogram" ? metric.lines : metric.lines.sorted()
                return (help + ["# TYPE \(name) \(metric.type)"] + lines).joined(separator: "\n") + "\n"
            }.joined()
    }
}

extension Double {
    /// Such as `0.25` or `1e-05`; what is whole has no fraction.
    var formattedForMetrics: String { self == rounded() && magnitude < 1e15 ? String(Int(self)) : String(self) }
}

extension Dictionary {
    fileprivate mutating func value(_ key: Key, _ new: @autoclosure () -> Value) -> Value {
        if let value = self[key] { return value }
        let value = new()
        self[key] = value
        return value
    }
}

private final class CounterCell: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
    var number: String { String(count.load(ordering: .relaxed)) }
}

private final class GaugeCell: RecorderHandler, Sendable {
    private let bits = Atomic<UInt64>(0)

    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    var number: String { Double(bitPattern: bits.load(ordering: .relaxed)).formattedForMetrics }
}

private final class HistogramCell: RecorderHandler, TimerHandler, Sendable {
    /// Powers of two, of nanoseconds for times: from 16 µs to 18 minutes, or from 1 to 1.1 million.
    private static let buckets = 27

    private let unit: Double
    private let first: Int
    private let counts: Mutex<(buckets: [Int], count: Int, sum: Double)>

    /// - Parameter unit: what one of what is recorded is in the metric's unit.
    init(unit: Double) {
        self.unit = unit
        first = unit < 1 ? 14 : 0
        counts = Mutex((Array(repeating: 0, count: Self.buckets), 0, 0))
    }

    func recordNanoseconds(_ duration: Int64) { record(duration) }
    func record(_ value: Double) { record(Int64(clamping: Int(value))) }

    func record(_ value: Int64) {
        let value = max(0, value)
        // The smallest power of two that is not smaller.
        let power = value <= 1 ? 0 : Int64.bitWidth - (value - 1).leadingZeroBitCount
        let bucket = min(max(0, power - first), Self.buckets - 1)
        counts.withLock { counts in
            counts.buckets[bucket] += 1
            counts.count += 1
            counts.sum += Double(value)
        }
    }

    var lines: [(String, String, String)] {
        let (buckets, count, sum) = counts.withLock { $0 }
        var lines: [(String, String, String)] = []
        var total = 0
        for (index, bucket) in buckets.dropLast().enumerated() {
            total += bucket
            // Only every second one is shown: four times as far each.
            guard index % 2 == 0 else { continue }
            let bound = Double(sign: .plus, exponent: first + index, significand: 1) * unit
            lines.append(("_bucket", "le=\"\(bound.formattedForMetrics)\"", String(total)))
        }
        lines.append(("_bucket", "le=\"+Inf\"", String(count)))
        lines.append(("_sum", "", (sum * unit).formattedForMetrics))
        lines.append(("_count", "", String(count)))
        return lines
    }
}
