import HTTPTypes

/// Which methods each path takes, for those who ask with another one.
struct PathTable: Sendable {
    private var methods: [[Substring]: [String]] = [:]

    mutating func add(_ path: String, _ method: HTTPRequest.Method) {
        methods[Self.steps(path), default: []].append(method.rawValue)
        if method == .get { methods[Self.steps(path), default: []].append("HEAD") }
    }

    /// What `Allow` says of a path; `nil` when there is nothing at it.
    func allowed(at path: String) -> String? {
        let steps = Self.steps(path)
        let found =
            methods[steps]
            ?? methods.first { template, _ in
                template.count == steps.count && zip(template, steps).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
            }?.value
        return found?.sorted().joined(separator: ", ")
    }

    private static func steps(_ path: String) -> [Substring] { path.split(separator: "/") }
}
