import CRM
import Foundation
import HTTPTypes
import Hummingbird

/// A request to an operation, on whose behalf it is known.
struct Call<Caller: Principal>: Sendable {
    let request: Request
    let caller: Caller
    private let parameters: PathParameters
    /// Finds out anew whether the caller may, for what takes long.
    let readmit: @Sendable () async throws -> Void

    init(
        _ request: Request, _ context: APIContext, by caller: Caller,
        readmit: @escaping @Sendable () async throws -> Void
    ) {
        self.request = request
        self.caller = caller
        self.readmit = readmit
        parameters = context.parameters
    }

    /// The id in the path. What is no UUID is as unknown as a stranger's.
    func identifier<Object: Resource>(
        _ type: Object.Type = Object.self, named name: String = "id"
    ) throws -> Identifier<Object> {
        guard let text = parameters.get(name), let id = Identifier<Object>(text) else {
            throw ServiceError.notFound(Object.kind)
        }
        return id
    }

    /// The version that `If-Match` names; `nil` without it or for `*`.
    func expectedVersion() throws -> Int? {
        guard let text = request.headers[.ifMatch], text != "*" else { return nil }
        guard let version = EntityTag(text)?.version else { throw RequestProblem.badPrecondition }
        return version
    }

    /// Whether the client holds the version already.
    func holds(_ version: Int) -> Bool {
        guard let held = request.headers.value(.ifNoneMatch) else { return false }
        // Several may stand there, and weak ones; a version is compared weakly. (RFC 9110, section 13.1.2.)
        return held == "*"
            || held.split(separator: ",").contains { text in
                let tag = text.trimmingCharacters(in: .whitespaces)
                return EntityTag(tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag)?.version == version
            }
    }

    /// Reads the query, and refuses it when anything is wrong with it.
    func query<Value>(_ read: (inout QueryReader) throws -> Value) throws -> Value {
        var reader = QueryReader(request.uri.query)
        let value = try read(&reader)
        try reader.end()
        return value
    }

    /// What a service refuses of a filter, which only the business's own settings tell, is wrong with the query.
    func filtering<Value>(_ body: () async throws -> Value) async throws -> Value {
        do { return try await body() } catch ServiceError.invalid(let errors) { throw RequestProblem.query(errors) }
    }

    /// Reads what is in the path where that is no id of an object.
    func parameter(_ name: String) -> String? { parameters.get(name) }
}

extension Call where Caller: RepeatingPrincipal {
    /// The caller with the request that it may repeat under its `Idempotency-Key`, if it sent one.
    ///
    /// - Parameters:
    ///   - operation: the operation's name.
    ///   - body: what another request under the same key must be equal to.
    ///   - object: what a replay answers with.
    func idempotent(
        _ operation: String, body: some Sequence<UInt8>, object: UUID
    ) throws -> Caller {
        guard let key = request.headers[.idempotencyKey] else { return caller }
        guard
            let request = IdempotentRequest(
                key: key, operation: operation, path: request.uri.path, body: body, object: object)
        else { throw RequestProblem.badIdempotencyKey }
        return caller.with(request)
    }
}

/// The `ETag` of an object: its version in quotes.
struct EntityTag {
    let version: Int

    init(version: Int) { self.version = version }

    init?(_ text: String) {
        guard text.utf8.count > 2, text.hasPrefix("\""), text.hasSuffix("\""),
            let version = Int(text.dropFirst().dropLast())
        else { return nil }
        self.version = version
    }

    var text: String { "\"\(version)\"" }
}

extension HTTPField.Name {
    static let idempotencyKey = named("Idempotency-Key")
    static let idempotencyReplayed = named("Idempotency-Replayed")
    static let requestID = named("X-Request-Id")
    static let rateLimit = named("RateLimit")
    static let rateLimitPolicy = named("RateLimit-Policy")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { fatalError("\(text) is no field name") }
        return name
    }
}
