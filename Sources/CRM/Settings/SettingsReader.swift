import Configuration
import Foundation

/// Reads settings and keeps what is wrong with them, so that all of it is told together.
///
/// The same reading lists the settings that there are.
struct SettingsReader {
    private let config: ConfigReader
    var mistakes: [String] = []
    /// Every setting that was asked for.
    private(set) var known: [Setting] = []

    init(_ config: ConfigReader) { self.config = config }

    /// The text of a setting, or what stands in the file that `NAME_FILE` names: for secrets, which need not stand where others
    /// can read them.
    ///
    /// - Parameters:
    ///   - key: such as `pool.size`.
    ///   - usual: what it is without being set, for people.
    mutating func text(_ key: String, usual: String, _ description: String, isSecret: Bool = false) -> String? {
        let setting = Setting(key: key, usual: usual, description: description, isSecret: isSecret)
        known.append(setting)
        let text = config.string(forKey: ConfigKey(key))
        guard let file = config.string(forKey: ConfigKey(key + ".file")) else { return text }
        if text != nil { mistakes.append("\(setting.name) and \(setting.name)_FILE are both set") }
        do {
            return try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
        } catch {
            mistakes.append("\(setting.name)_FILE names \(file), which cannot be read")
            return nil
        }
    }

    mutating func text(_ key: String, _ usual: String, _ description: String) -> String {
        text(key, usual: usual, description) ?? usual
    }

    mutating func number(_ key: String, _ usual: Int, in range: ClosedRange<Int>, _ description: String) -> Int {
        guard let text = text(key, usual: String(usual), description) else { return usual }
        guard let value = Int(text), range.contains(value) else {
            mistakes.append("\(Setting.name(key)) is a whole number from \(range.lowerBound) to \(range.upperBound)")
            return usual
        }
        return value
    }

    /// - Parameter wrong: what is said of a value that is none of them.
    mutating func choice<Value>(
        _ key: String, _ usual: String, _ values: KeyValuePairs<String, Value>, else substitute: Value,
        _ description: String, wrong: String
    ) -> Value {
        let text = text(key, usual, description)
        if let value = values.first(where: { $0.key == text })?.value { return value }
        mistakes.append("\(Setting.name(key)) \(wrong)")
        return substitute
    }
}

/// One thing that a program can be told.
public struct Setting: Sendable {
    let key: String
    /// What it is without being set.
    public let usual: String
    public let description: String
    public let isSecret: Bool

    /// In the environment and in files, such as `MEHVAR_POOL_SIZE`.
    public var name: String { Self.name(key) }
    /// On the command line, such as `--pool-size`.
    public var flag: String { "--" + key.replacing(".", with: "-") }

    static func name(_ key: String) -> String { "MEHVAR_" + key.uppercased().replacing(".", with: "_") }
}
