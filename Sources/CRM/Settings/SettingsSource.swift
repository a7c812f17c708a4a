import Configuration
import Foundation

/// Where settings stand: flags go before the environment, and that before a file.
struct SettingsSource {
    /// A value, and where it was told.
    struct Told {
        var value: String
        var place: SettingPlace
    }

    /// Keys are asked for without the prefix `MEHVAR_`.
    let config: ConfigReader
    /// Where each value that counts stands, by its name in the environment.
    let places: [String: SettingPlace]
    /// What is refused: flags and lines of a file that are no settings, and what cannot be read.
    let mistakes: [String]
    /// Variables of the environment that look like settings and are none.
    ///
    /// They are told and not refused: environments are filled by others as well. Kubernetes, for one, gives every container
    /// `MEHVAR_SERVICE_HOST` and `MEHVAR_PORT_8080_TCP` of a service that is called mehvar; and one environment may serve
    /// programs of two versions. A flag or a line of a file was meant for this program alone.
    let warnings: [String]

    /// - Parameters:
    ///   - flags: such as `--pool-size`, `4` or `--pool-size=4`.
    ///   - known: every setting.
    init(flags: [String], environment: [String: String], known: [Setting]) {
        var mistakes: [String] = []
        let (told, file) = Self.values(ofFlags: flags, known, &mistakes)
        var values: [String: Told] = [:]
        if let file = file ?? environment[Self.fileVariable] {
            values = Self.values(ofFile: file, known, &mistakes)
        }
        let variables = environment.filter { $0.key.hasPrefix(Setting.prefix) }
        Self.overlay(&values, variables.mapValues { Told(value: $0, place: .environment) })
        Self.overlay(&values, told)
        config = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: values.mapValues(\.value))
                .prefixKeys(with: "mehvar"))
        places = values.mapValues(\.place)
        self.mistakes = mistakes
        warnings = Self.strangers(in: environment, known)
    }

    /// What goes before a value goes before the file that a value is read from, and the other way round.
    private static func overlay(_ values: inout [String: Told], _ above: [String: Told]) {
        for (name, value) in above {
            let twin = name.hasSuffix("_FILE") ? String(name.dropLast(5)) : name + "_FILE"
            if above[twin] == nil { values[twin] = nil }
            values[name] = value
        }
    }

    // MARK: Flags

    /// The settings on a command line, by their names in the environment, and the file that `--config` names.
    private static func values(
        ofFlags flags: [String], _ known: [Setting], _ mistakes: inout [String]
    ) -> (values: [String: Told], file: String?) {
        var values: [String: Told] = [:]
        var file: String?
        var rest = flags[...]
        while let flag = rest.popFirst() {
            let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var value = parts.count > 1 ? parts[1] : nil
            if value == nil, let next = rest.first, !next.hasPrefix("--") { value = rest.popFirst() }
            let setting = known.first { parts[0] == $0.flag || parts[0] == $0.flag + "-file" }
            guard setting != nil || parts[0] == "--config" else {
                let nearest = NearestName.hint(parts[0], among: known.map(\.flag) + ["--config"])
                mistakes.append("\(parts[0]) is no setting\(nearest.isEmpty ? "; --help lists them" : nearest)")
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
            if values.updateValue(Told(value: value, place: .flag), forKey: name) != nil {
                mistakes.append("\(parts[0]) stands twice")
            }
        }
        return (values, file)
    }

    // MARK: A file

    /// The settings of a file with lines such as `MEHVAR_POOL_SIZE=4`, empty ones and ones that begin with `#`.
    private static func values(
        ofFile file: String, _ known: [Setting], _ mistakes: inout [String]
    ) -> [String: Told] {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            mistakes.append("the file \(file) of settings cannot be read")
            return [:]
        }
        var values: [String: Told] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let place = SettingPlace.file(file, line: index + 1)
            guard parts.count == 2 else {
                mistakes.append("\(place) is not NAME=VALUE")
                continue
            }
            guard known.contains(where: { parts[0] == $0.name || parts[0] == $0.name + "_FILE" }) else {
                let nearest = NearestName.hint(parts[0], among: known.map(\.name))
                mistakes.append("\(place): \(parts[0]) is no setting\(nearest)")
                continue
            }
            if values.updateValue(Told(value: parts[1], place: place), forKey: parts[0]) != nil {
                mistakes.append("\(place): \(parts[0]) stands twice")
            }
        }
        return values
    }

    // MARK: The environment

    private static let fileVariable = "MEHVAR_CONFIG"

    /// What only the commands of `deploy/` read.
    private static let ofDeployment: Set = [
        fileVariable, "MEHVAR_ROOT", "MEHVAR_HOME", "MEHVAR_BUILD", "MEHVAR_BIN", "MEHVAR_DEMO_MAILDIR",
    ]

    private static func strangers(in environment: [String: String], _ known: [Setting]) -> [String] {
        let names = Set(known.flatMap { [$0.name, $0.name + "_FILE"] }).union(ofDeployment)
        let ofTools = ["MEHVAR_BENCH_", "MEHVAR_TEST_"]
        return environment.keys.sorted().filter { name in
            name.hasPrefix(Setting.prefix) && !names.contains(name) && !ofTools.contains { name.hasPrefix($0) }
        }.map { "\($0) of the environment is no setting\(NearestName.hint($0, among: known.map(\.name)))" }
    }
}

/// Where the value of a setting was told.
enum SettingPlace: Sendable, Equatable, CustomStringConvertible {
    case flag
    case environment
    case file(String, line: Int)

    var description: String {
        switch self {
        case .flag: "command line"
        case .environment: "environment"
        case .file(let file, let line): "\(file), line \(line)"
        }
    }
}
