import Crypto
public import Foundation
import Postgres

/// A request that its client may repeat without doing it twice: what it names the request by, and what the request asks for.
///
/// The first transaction of a context that carries one commits it with its effect, or none of both.
public struct IdempotentRequest: Sendable {
    public static let keyRule = TextRule.matching(
        "[\\x21-\\x7e]{1,255}", "invalid", "1 to 255 visible ASCII characters."
    ) { text in (1...255).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    let key: String
    let operation: String
    /// SHA-256 of what is asked for.
    let digest: Bytes
    /// What the request makes or changes, and a repetition is answered with.
    let objectID: UUID

    /// `nil` when the key cannot be one.
    ///
    /// - Parameters:
    ///   - operation: the operation's name; the same key means something else in another one.
    ///   - path: with its parameters.
    ///   - body: the request's body, or its digest.
    ///   - object: made or changed by the request.
    public init?(key: String, operation: String, path: String, body: some Sequence<UInt8>, object: UUID) {
        guard Self.keyRule.fault(of: key) == nil else { return nil }
        var hash = SHA256()
        hash.update(data: Data(path.utf8))
        hash.update(data: [0])
        hash.update(data: Data(body))
        self.key = key
        self.operation = operation
        digest = Bytes(Array(hash.finalize()))
        objectID = object
    }
}

extension IdempotentRequest {
    /// What goes before the statements of the request's transaction.
    func begin(_ context: TenantContext, actor: UUID) -> Statement<Void> {
        Statement(
            effect: "request.begin",
            """
            SELECT crm.begin_request(\(context.tenantID), \(actor), \(operation), \(key), \(digest), \(objectID))
            """)
    }

    /// Tells why a request that may be repeated was not done.
    ///
    /// - Parameter object: what the request of before under the key has made or changed.
    func explaining<Result>(
        _ body: () async throws -> Result, object: () async throws -> UUID?
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as PostgresError where error.state == .requestInFlight {
            throw ServiceError.inFlight
        } catch let error as PostgresError where error.state == .requestKeyReused {
            throw ServiceError.keyReused
        } catch let error as PostgresError where error.state == .requestDone {
            guard let object = try await object() else { throw ServiceError.inFlight }
            throw ServiceError.replay(object)
        }
    }

    /// The object of the request that was done before under the key.
    static func object(_ context: TenantContext, actor: UUID, _ request: IdempotentRequest) -> Statement<UUID?> {
        Statement(
            "request.find",
            """
            SELECT object_id FROM crm.idempotent_request
            WHERE tenant_id = \(context.tenantID) AND actor_id = \(actor) AND operation = \(request.operation)
                AND key = \(request.key)
            """, optional: { try $0.next() })
    }
}

/// What `crm.begin_request` and `platform.begin_request` raise.
extension SQLState {
    fileprivate static let requestInFlight = SQLState(rawValue: "MV001")
    fileprivate static let requestKeyReused = SQLState(rawValue: "MV002")
    fileprivate static let requestDone = SQLState(rawValue: "MV003")
}
