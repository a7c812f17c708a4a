/// JSON merge patch, RFC 7396.
package enum JSONMergePatch {
    package static func apply(_ patch: JSONNode, to target: JSONNode) -> JSONNode {
        guard case .object(let changes) = patch else { return patch }
        var result: [String: JSONNode] = [:]
        if case .object(let members) = target { result = members }
        for (name, value) in changes {
            result[name] = value == .null ? nil : apply(value, to: result[name] ?? .null)
        }
        return .object(result)
    }
}
