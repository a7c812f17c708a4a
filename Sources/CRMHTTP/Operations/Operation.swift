import CRM
import HTTPTypes
import Hummingbird

/// One thing that clients can do: declared once, served by the router, described by the OpenAPI document, tried by tests.
struct Operation: Sendable {
    /// What several operations are about; a chapter of the documentation.
    struct Tag: Sendable, Hashable {
        let name: String
        let description: String

        init(_ name: String, _ description: String) {
            self.name = name
            self.description = description
        }
    }

    /// What a client sends.
    struct Content: Sendable {
        let types: [String]
        let schema: JSONSchema
        /// As it is sent.
        let example: String
        /// As it is sent in other types than the first.
        var examples: [String: String] = [:]
    }

    /// What a client gets when it went well.
    struct Success: Sendable {
        let status: HTTPResponse.Status
        let description: String
        /// What the answer holds; often nothing.
        let payload: Payload?
        var headers: [Header] = []
    }

    struct Payload: Sendable {
        let type: String
        let schema: JSONSchema
        /// As it is sent.
        let example: [UInt8]
    }

    enum Header: String, Sendable { case eTag = "ETag", location = "Location", replayed = "Idempotency-Replayed" }

    let method: HTTPRequest.Method
    /// With parameters in braces: `/v1/customers/{id}`.
    let path: String
    /// The name of the operation, such as `list_customers`.
    let name: String
    let summary: String
    let tag: Tag
    let access: Access
    var parameters: [Parameter]
    var content: Content?
    let success: Success
    /// How it may fail, beside the ways in which every operation may.
    var problems: [ProblemCode]
    /// Finds out who calls, and does what is asked for.
    let handle: @Sendable (Request, APIContext, Gate) async throws -> Response

    init<Caller: Principal>(
        _ method: HTTPRequest.Method, _ declared: Declaration<Caller>, parameters: [Parameter] = [],
        content: Content? = nil, success: Success, problems: [ProblemCode] = [],
        handle: @escaping @Sendable (Call<Caller>) async throws -> Response
    ) {
        self.method = method
        path = declared.path
        name = declared.name
        summary = declared.summary
        tag = declared.tag
        access = Caller.access(declared.permission)
        self.parameters = parameters
        self.content = content
        self.success = success
        self.problems = problems + declared.problems
        let permission = declared.permission
        self.handle = { request, context, gate in
            let caller = try await Caller.admit(request, context, at: gate, permission)
            return try await handle(
                Call(request, context, by: caller) {
                    _ = try await Caller.admit(request, context, at: gate, permission)
                })
        }
    }
}

/// A resource's operations.
protocol OperationGroup: Sendable {
    var operations: [Operation] { get }
}

/// What is to be said of every operation.
struct Declaration<Caller: Principal>: Sendable {
    let path: String
    let name: String
    let summary: String
    let tag: Operation.Tag
    let permission: Caller.Permission
    let problems: [ProblemCode]

    /// - Parameters:
    ///   - path: with parameters in braces.
    ///   - name: in the style of `list_customers`.
    ///   - problems: how it may fail, beside the ways in which every operation of its kind may.
    static func at(
        _ path: String, _ name: String, _ summary: String, _ tag: Operation.Tag, _ permission: Caller.Permission,
        problems: [ProblemCode] = []
    ) -> Declaration {
        Declaration(path: path, name: name, summary: summary, tag: tag, permission: permission, problems: problems)
    }
}
