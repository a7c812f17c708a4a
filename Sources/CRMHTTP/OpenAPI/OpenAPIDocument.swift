import CRM
import Foundation
import HTTPTypes

/// What the operations declare, as an OpenAPI 3.1 document.
struct OpenAPIDocument {
    let operations: [Operation]

    static let title = "Mehvar"
    static let introduction = DocumentText.introduction

    var node: JSONNode {
        var schemas: [String: JSONSchema] = [:]
        Problem.schema.collect(into: &schemas)
        for operation in operations {
            operation.success.payload?.schema.collect(into: &schemas)
            operation.content?.schema.collect(into: &schemas)
        }
        var paths: [String: [String: JSONNode]] = [:]
        for operation in operations {
            paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = Self.node(of: operation)
        }
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string(Self.title), "version": .string("1"), "description": .string(Self.introduction),
            ]),
            "servers": .array([.object(["url": .string("/")])]),
            "tags": .array(
                tags.map { .object(["name": .string($0.name), "description": .string($0.description)]) }),
            "paths": .object(paths.mapValues { .object($0) }),
            "components": .object([
                "schemas": .object(schemas.mapValues(\.definition)),
                "securitySchemes": .object([
                    "key": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                        "description": .string("A key of the business: mhv_…"),
                    ]),
                    "platform": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                        "description": .string("A key of the platform API: mhp_…"),
                    ]),
                    "member": .object([
                        "type": .string("http"), "scheme": .string("bearer"), "bearerFormat": .string("JWT"),
                        "description": .string("The access token of a member who has signed in."),
                    ]),
                ]),
                "headers": .object(Self.headers),
                // Of paths that are no operations.
                "responses": .object(["draining": Self.problem([.draining], 503)]),
            ]),
        ])
    }

    /// The chapters, in the order of the operations.
    var tags: [Operation.Tag] {
        var seen: Set<Operation.Tag> = []
        return operations.map(\.tag).filter { seen.insert($0).inserted }
    }

    private static func node(of operation: Operation) -> JSONNode {
        let description = [operation.access.explanation] + DocumentText.notes(on: operation)
        var members: [String: JSONNode] = [
            "operationId": .string(operation.name), "summary": .string(operation.summary),
            "tags": .array([.string(operation.tag.name)]),
            "description": .string(description.joined(separator: "\n\n")),
            "parameters": .array(operation.parameters.map(node)),
            "responses": .object(responses(of: operation)),
            "security": .array(operation.access.schemes.map { .object([$0: .array([])]) }),
        ]
        members["x-scope"] = operation.access.permission.map(JSONNode.string)
        if let content = operation.content {
            members["requestBody"] = .object([
                "required": .bool(!content.mayBeLeftOut),
                "content": .object(
                    Dictionary(
                        uniqueKeysWithValues: content.types.map { type in
                            (
                                type,
                                .object([
                                    "schema": content.schema.document,
                                    "example": example(content.examples[type] ?? content.example, type),
                                ])
                            )
                        })),
            ])
        }
        return .object(members)
    }

    private static func node(of parameter: Parameter) -> JSONNode {
        var members: [String: JSONNode] = [
            "in": .string(parameter.place.rawValue), "name": .string(parameter.name),
            "description": .string(parameter.description), "schema": parameter.schema.document,
            "required": .bool(parameter.isRequired),
        ]
        // Lists stand in one parameter, separated by commas.
        if case .list = parameter.schema.shape { members["explode"] = .bool(false) }
        return .object(members)
    }

    private static func responses(of operation: Operation) -> [String: JSONNode] {
        let success = operation.success
        let headers = (success.headers.map(\.rawValue) + ["X-Request-Id"]).map { ($0, reference($0)) }
        var answer: [String: JSONNode] = [
            "description": .string(success.description),
            "headers": .object(Dictionary(uniqueKeysWithValues: headers)),
        ]
        if let payload = success.payload {
            answer["content"] = .object([
                payload.type: .object([
                    "schema": payload.schema.document, "example": example(payload.example, payload.type),
                ])
            ])
        }
        var responses: [String: JSONNode] = [String(success.status.code): .object(answer)]
        if operation.parameters.contains(where: { $0.name == "If-None-Match" }) {
            responses["304"] = .object([
                "description": .string("The object has not changed since."),
                "headers": .object(["ETag": reference("ETag")]),
            ])
        }
        for (status, codes) in Dictionary(grouping: Set(operation.everyProblem), by: \.status.code) {
            responses[String(status)] = problem(codes, status)
        }
        return responses
    }

    /// The answer of a status, which is one of the problems.
    private static func problem(_ codes: [ProblemCode], _ status: Int) -> JSONNode {
        let codes = codes.sorted { $0.rawValue < $1.rawValue }
        let more: [Int: [String]] = [
            401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["RateLimit", "Retry-After"], 503: ["Retry-After"],
        ]
        let headers = (["X-Request-Id"] + more[status, default: []]).map { ($0, reference($0)) }
        return .object([
            "description": .string(codes.map { "`\($0.rawValue)`: \($0.meaning)" }.joined(separator: "\n\n")),
            "headers": .object(Dictionary(uniqueKeysWithValues: headers)),
            "content": .object([
                "application/problem+json": .object([
                    "schema": Problem.schema.document,
                    "example": example(
                        JSONWriter.bytes(of: Problem(codes[0], codes[0].meaning, requestID: Problem.example.requestID)),
                        "application/json"),
                ])
            ]),
        ])
    }

    private static func reference(_ header: String) -> JSONNode {
        .object(["$ref": .string("#/components/headers/\(header)")])
    }

    private static let headers: [String: JSONNode] = [
        ("ETag", "The object's version, for If-Match and If-None-Match."),
        ("Location", "Where the new object is."),
        ("Idempotency-Replayed", "`true` when the request was done before under its Idempotency-Key, and not again."),
        ("X-Request-Id", "What the server's log calls the request."),
        ("RateLimit", "What is left of the tighter limit: `\"key\";r=249;t=1`. (draft-ietf-httpapi-ratelimit-headers)"),
        ("RateLimit-Policy", "The tighter limit: `\"key\";q=250;w=1` are 250 requests a second."),
        ("Allow", "The methods that the path takes."),
        ("WWW-Authenticate", "How to authenticate, and what is wrong with what was shown. (RFC 6750)"),
        ("Retry-After", "Seconds to wait before the request is repeated."),
    ].reduce(into: [:]) { headers, header in
        headers[header.0] = .object([
            "description": .string(header.1), "schema": .object(["type": .string("string")]),
        ])
    }

    private static func example(_ text: String, _ type: String) -> JSONNode { example(Array(text.utf8), type) }

    /// JSON as it is, everything else as a text.
    private static func example(_ bytes: [UInt8], _ type: String) -> JSONNode {
        guard type.hasSuffix("json") else { return .string(String(decoding: bytes, as: UTF8.self)) }
        do {
            return try JSONDecoder().decode(JSONNode.self, from: Data(bytes))
        } catch {
            fatalError("an example is no JSON: \(String(decoding: bytes, as: UTF8.self))")
        }
    }
}
