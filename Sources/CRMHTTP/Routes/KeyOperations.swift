import CRM
import HTTPTypes

struct KeyOperations: OperationGroup {
    private static let tag = Operation.Tag("Keys", "What clients call the API with.")

    let keys: APIKeyService

    var operations: [Operation] {
        let tag = Self.tag
        return [
            .create(
                .at(
                    "/v1/keys", "create_key", "Make a key; its secret is shown once", tag, .keysWrite,
                    problems: [.shownOnce]), from: NewKey.self, create, replay: Self.shown),
            .list(.at("/v1/keys", "list_keys", "List keys, without their secrets", tag, .keysRead)) {
                try await keys.list($0.caller, $1)
            },
            .find(
                .at("/v1/keys/{id}", "find_key", "Show a key, without its secret", tag, .keysRead), isLive: true,
                keys.find),
            .act(
                .at(
                    "/v1/keys/{id}/rotate", "rotate_key", "Give a key a new secret, which is shown once", tag,
                    .keysWrite, problems: [.keyEnded, .shownOnce]), with: KeyRotation.self, rotate,
                replay: Self.shown),
            .remove(.at("/v1/keys/{id}", "revoke_key", "Revoke a key at once", tag, .keysWrite), keys.revoke),
        ]
    }

    @Sendable private func create(
        _ context: TenantContext, _ id: IssuedKey.ID, _ new: NewKey
    ) async throws -> IssuedKey {
        try await keys.create(context, id: APIKey.ID(rawValue: id.rawValue), new)
    }

    @Sendable private func rotate(
        _ context: TenantContext, _ id: IssuedKey.ID, _ rotation: KeyRotation
    ) async throws -> IssuedKey {
        try await keys.rotate(context, APIKey.ID(rawValue: id.rawValue), overlapHours: rotation.overlapHours)
    }

    /// What is shown once is not shown to a repetition.
    @Sendable private static func shown(_ context: TenantContext, _ id: IssuedKey.ID) async throws -> IssuedKey {
        throw ServiceError.conflict(code: ProblemCode.shownOnce.rawValue, detail: ProblemCode.shownOnce.meaning)
    }
}
