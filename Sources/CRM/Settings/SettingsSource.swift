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
        var fileName: String?
        var rest: [String] = []
        var index = 0
        while index < flags.count {
            let flag = flags[index]
            let name = String(flag.prefix { $0 != "=" })
            index += 1
            if name == flag, index < flags.count, !flags[index].hasPrefix("--") {
                rest.append("\(flag)=\(flags[index])")
                index += 1
            } else {
                rest.append(flag)
            }
            guard let written = rest.last else { continue }
            let value = written == name ? nil : String(written.dropFirst(name.count + 1))
            let isKnown = known.contains { name == $0.flag || name == $0.flag + "-file" }
            if name == "--config" {
                fileName = value
                rest.removeLast()
            } else if !isKnown {
                mistakes.append("\(name) is no setting; --help lists them")
                rest.removeLast()
                continue
            }
            if value == nil { mistakes.append("\(name) needs a value") }
        }
        var providers: [any ConfigProvider] = [
            CommandLineArgumentsProvider(arguments: ["mehvar"] + rest),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "mehvar"),
        ]
        if let file = fileName ?? environment["MEHVAR_CONFIG"] {
            let values = Self.values(of: file, known, &mistakes)
            providers.append(EnvironmentVariablesProvider(environmentVariables: values).prefixKeys(with: "mehvar"))
        }
        config = ConfigReader(providers: providers)
        self.mistakes = mistakes
    }

    /// The settings of a file with lines such as `MEHVAR_POOL_SIZE=4`, empty ones and ones that begin with `#`.
    private static func values(of file: String, _ known: [Setting], _ mistakes: inout [String]) -> [String: String] {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            mistakes.append("the file \(file) of settings cannot be read")
            return [:]
        }
        var values: [String: String] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
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
