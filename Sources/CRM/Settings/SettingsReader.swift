import Configuration

/// Reads settings and keeps what is wrong with them, so that all of it is told together.
struct SettingsReader {
    let config: ConfigReader
    var mistakes: [String] = []

    init(_ config: ConfigReader) { self.config = config }

    /// - Parameter name: what the setting is called in the environment.
    mutating func number(_ key: ConfigKey, _ name: String, _ standard: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = config.string(forKey: key) else { return standard }
        guard let value = Int(text), range.contains(value) else {
            mistakes.append("\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
            return standard
        }
        return value
    }
}
