import Configuration
import Foundation

/// Reads settings and keeps what is wrong with them, so that all of it is told together.
///
/// The same reading lists the settings that there are.
struct SettingsReader {
    private let config: ConfigReader
    private let places: [String: SettingPlace]
    private(set) var mistakes: [String]
    let warnings: [String]
    /// Every setting that was asked for.
    private(set) var known: [Setting] = []

    init(_ source: SettingsSource) {
        config = source.config
        places = source.places
        mistakes = source.mistakes
        warnings = source.warnings
    }

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
            let (name, _, place) = told(setting)
            mistakes.append("\(name) names \(file), which cannot be read\(place)")
            return nil
        }
    }

    mutating func text(_ key: String, _ usual: String, _ description: String) -> String {
        text(key, usual: usual, description) ?? usual
    }

    mutating func number(_ key: String, _ usual: Int, in range: ClosedRange<Int>, _ description: String) -> Int {
        guard let text = text(key, usual: String(usual), description) else { return usual }
        guard let value = Int(text), range.contains(value) else {
            mistake(key, "is a whole number from \(range.lowerBound) to \(range.upperBound)", not: text)
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
        mistake(key, wrong, not: text)
        return substitute
    }

    // MARK: What is wrong

    /// Notes what is wrong with a setting that was read: by the name that it was told by, and with the place.
    ///
    /// - Parameters:
    ///   - what: such as `is a whole number`.
    ///   - value: what it is instead; not shown of secrets, nor where it may hold a password.
    mutating func mistake(_ key: String, _ what: String, not value: String? = nil) {
        guard let setting = known.first(where: { $0.key == key }) else { return }
        let (name, isFile, place) = told(setting)
        let mayBeShown = !setting.isSecret && value?.contains("@") != true
        let shown = mayBeShown ? value.map { ", not \"\($0.prefix(100))\"".inOneLine } ?? "" : ""
        mistakes.append("\(isFile ? "what \(name) names" : name) \(what)\(shown)\(place)")
    }

    /// What a setting that has a value was called when it was told, whether that names a file, and where it stands.
    private func told(_ setting: Setting) -> (name: String, isFile: Bool, place: String) {
        let file = places[setting.name + "_FILE"]
        guard let place = file ?? places[setting.name] else { return (setting.name, false, "") }
        let isFile = file != nil
        if place == .flag { return (setting.flag + (isFile ? "-file" : ""), isFile, "") }
        return (setting.name + (isFile ? "_FILE" : ""), isFile, " (\(place))")
    }
}

/// One thing that a program can be told.
public struct Setting: Sendable {
    let key: String
    /// What it is without being set.
    public let usual: String
    public let description: String
    public let isSecret: Bool

    static let prefix = "MEHVAR_"

    /// In the environment and in files, such as `MEHVAR_POOL_SIZE`.
    public var name: String { Self.name(key) }
    /// On the command line, such as `--pool-size`.
    public var flag: String { "--" + key.replacing(".", with: "-") }

    static func name(_ key: String) -> String { prefix + key.uppercased().replacing(".", with: "_") }
}
