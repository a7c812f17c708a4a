import Foundation
import HTTPTypes
import Hummingbird

/// What is served where: by the path's steps, of which a template names some in braces (`/v1/customers/{id}`).
struct RouteTable: Sendable {
    typealias Handler = @Sendable (Request, APIContext) async throws -> Response

    struct Route: Sendable {
        let method: HTTPRequest.Method
        let template: String
        /// The names of the steps in braces, in order.
        let parameters: [String]
        let handle: Handler
    }

    enum Match {
        case route(Route, PathParameters)
        /// There is something, but for other methods: what `Allow` says.
        case methods(String)
        case nothing
    }

    private final class Node: @unchecked Sendable {
        /// Few at each place, so that comparing them is quicker than hashing.
        var literal: [(step: Substring, node: Node)] = []
        var parameter: Node?
        var routes: [Route] = []

        func child(_ step: Substring) -> Node? { literal.first { $0.step == step }?.node }
    }

    // Changed only by `add`, before anything is served.
    private let root = Node()
    private(set) var routes: [Route] = []

    /// A step in braces stands for any text, where no route has the text itself.
    mutating func add(_ method: HTTPRequest.Method, _ template: String, _ handle: @escaping Handler) {
        var node = root
        var parameters: [String] = []
        for step in Self.steps(template) {
            let isParameter = step.hasPrefix("{")
            if isParameter { parameters.append(String(step.dropFirst().dropLast())) }
            let next = (isParameter ? node.parameter : node.child(step)) ?? Node()
            if isParameter {
                node.parameter = next
            } else if node.child(step) == nil {
                node.literal.append((step, next))
            }
            node = next
        }
        let route = Route(method: method, template: template, parameters: parameters, handle: handle)
        node.routes.append(route)
        routes.append(route)
    }

    /// HEAD is answered by what answers GET.
    func match(_ method: HTTPRequest.Method, _ path: String) -> Match {
        var node = root
        var values: [Substring] = []
        for step in Self.steps(path) {
            if let next = node.child(step) {
                node = next
            } else if let next = node.parameter {
                values.append(step)
                node = next
            } else {
                return .nothing
            }
        }
        let wanted = method == .head ? .get : method
        if let route = node.routes.first(where: { $0.method == wanted }) {
            return .route(route, PathParameters(names: route.parameters, values: values))
        }
        guard !node.routes.isEmpty else { return .nothing }
        let methods = node.routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
        return .methods(methods.sorted().joined(separator: ", "))
    }

    /// By bytes: by characters it would take longer than all the rest.
    private static func steps(_ path: String) -> [Substring] {
        path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)
    }
}

/// What stands in the path where its template has braces.
struct PathParameters: Sendable {
    fileprivate(set) var names: [String] = []
    fileprivate(set) var values: [Substring] = []

    func get(_ name: String) -> String? {
        guard let index = names.firstIndex(of: name) else { return nil }
        let value = values[index]
        return value.utf8.contains(UInt8(ascii: "%")) ? value.removingPercentEncoding : String(value)
    }
}
