import Configuration
import Foundation

/// Where settings stand: flags go before the environment, and that before a file.
struct SettingsSource {
    /// Keys are asked for without the prefix `MEHVAR_`.
    let config: ConfigReader
    let mistakes: [String]

    /// - Parameters:
    ///   - flags: such as `--pool-size`, `4` or `--pool-size=4`.
    ///   - known: every setting.
    init(flags: [String], environment: [String: String], known: [Setting]) {
        var mistakes: [String] = []
        let (told, file) = Self.values(ofFlags: flags, known, &mistakes)
        var values: [String: String] = [:]
        if let file = file ?? environment["MEHVAR_CONFIG"] { values = Self.values(ofFile: file, known, &mistakes) }
        Self.overlay(&values, environment)
        Self.overlay(&values, told)
        config = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: values).prefixKeys(with: "mehvar"))
        self.mistakes = mistakes
    }

    /// What goes before a value goes before the file that a value is read from, and the other way round.
    private static func overlay(_ values: inout [String: String], _ above: [String: String]) {
        for (name, value) in above where name.hasPrefix("MEHVAR_") {
            let twin = name.hasSuffix("_FILE") ? String(name.dropLast(5)) : name + "_FILE"
            if above[twin] == nil { values[twin] = nil }
            values[name] = value
        }
    }

    /// The settings on a command line, by their names in the environment, and the file that `--config` names.
    private static func values(
        ofFlags flags: [String], _ known: [Setting], _ mistakes: inout [String]
    ) -> (values: [String: String], file: String?) {
        var values: [String: String] = [:]
        var file: String?
        var rest = flags[...]
        while let flag = rest.popFirst() {
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var value = parts.count > 1 ? parts[1] : nil
            if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
            let setting = known.first { parts[0] == $0.flag || parts[0] == $0.flag + "-file" }
            guard setting != nil || parts[0] == "--config" else {
                mistakes.append("\(parts[0]) is no setting; --help lists them")
                continue
            }
            guard let value else {
                mistakes.append("\(parts[0]) needs a value")
                continue
            }
            guard let setting else {
                file = value
                continue
            }
            let name = setting.name + (parts[0] == setting.flag ? "" : "_FILE")
            if values.updateValue(value, forKey: name) != nil { mistakes.append("\(parts[0]) stands twice") }
        }
        return (values, file)
    }

    /// The settings of a file with lines such as `MEHVAR_POOL_SIZE=4`, empty ones and ones that begin with `#`.
    private static func values(
        ofFile file: String, _ known: [Setting], _ mistakes: inout [String]
    ) -> [String: String] {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            mistakes.append("the file \(file) of settings cannot be read")
            return [:]
        }
        var values: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let place = "\(file), line \(index + 1)"
            guard parts.count == 2 else {
                mistakes.append("\(place) is not NAME=VALUE")
                continue
            }
            guard known.contains(where: { parts[0] == $0.name || parts[0] == $0.name + "_FILE" }) else {
                mistakes.append("\(place): \(parts[0]) is no setting")
                continue
            }
            if values.updateValue(parts[1], forKey: parts[0]) != nil {
                mistakes.append("\(place): \(parts[0]) stands twice")
            }
        }
        return values
    }
}
