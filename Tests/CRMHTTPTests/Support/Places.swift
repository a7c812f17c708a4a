import CRM
import Foundation
import HTTPTypes

@testable import CRMHTTP

/// The places in an operation's path, query and body that take an id.
struct Places: Sendable {
    struct Place: Sendable, Equatable {
        /// A parameter's name, or a pointer into the body.
        let name: String
        let kind: String
        /// What an id that is unknown there gets.
        let status: Int
    }

    let operation: Operation
    let all: [Place]

    init(_ operation: Operation) {
        self.operation = operation
        var places: [Place] = []
        for parameter in operation.parameters {
            guard let kind = parameter.schema.identifies else { continue }
            // A list of nothing is nothing wrong.
            let status = parameter.place == .path ? 404 : 200
            // With a business's key nobody is on the platform, whatever the id.
            places.append(Place(name: parameter.name, kind: kind, status: operation.isOfPlatform ? 401 : status))
        }
        if let content = operation.content, content.types[0].hasSuffix("json") {
            Self.walk(Self.parsed(content.example), content.schema, at: "") { pointer, kind, id in
                places.append(Place(name: pointer, kind: kind, status: 422))
                return id
            }
        }
        all = places
    }

    /// The operation's example with the ids that the closure gives.
    func request(_ id: (Place) -> String) -> TestRequest {
        var path = operation.path
        var query: [String] = []
        for parameter in operation.parameters {
            guard let place = all.first(where: { $0.name == parameter.name }) else { continue }
            if parameter.place == .path {
                path = path.replacing("{\(parameter.name)}", with: id(place))
            } else if id(place) != "" {
                query.append("\(parameter.name)=\(id(place))")
            }
        }
        if !query.isEmpty { path += "?" + query.joined(separator: "&") }
        guard let content = operation.content else { return TestRequest(operation.method, path) }
        guard content.types[0].hasSuffix("json") else {
            return TestRequest(operation.method, path, content.example, type: content.types[0])
        }
        let body = Self.walk(Self.parsed(content.example), content.schema, at: "") { pointer, _, old in
            all.first { $0.name == pointer }.map(id) ?? old
        }
        return TestRequest(
            operation.method, path, String(decoding: JSONWriter.bytes(of: body), as: UTF8.self), type: content.types[0])
    }

    private static func parsed(_ json: String) -> JSONNode {
        do { return try JSONDecoder().decode(JSONNode.self, from: Data(json.utf8)) } catch { return .null }
    }

    /// The JSON with every id within replaced.
    @discardableResult
    private static func walk(
        _ node: JSONNode, _ schema: JSONSchema, at pointer: String, _ replace: (String, String, String) -> String
    ) -> JSONNode {
        switch (node, schema.shape) {
        case (.string(let text), _):
            guard let kind = schema.identifies else { return node }
            return .string(replace(pointer, kind, text))
        case (.array(let items), .list(let element, _)):
            return .array(items.enumerated().map { walk($1, element, at: "\(pointer)/\($0)", replace) })
        case (.object(let members), .object(let properties)):
            var members = members
            for property in properties {
                guard let value = members[property.name] else { continue }
                members[property.name] = walk(value, property.schema, at: "\(pointer)/\(property.name)", replace)
            }
            return .object(members)
        default: return node
        }
    }
}

extension Operation {
    var isOfPlatform: Bool { if case .platform = access { true } else { false } }
}

/// Not Foundation's.
typealias Operation = CRMHTTP.Operation
