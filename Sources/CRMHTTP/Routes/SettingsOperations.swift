import CRM
import HTTPTypes

struct SettingsOperations: OperationGroup {
    private static let tag = Operation.Tag("Settings", "What the business decides about itself.")

    let settings: SettingsService

    /// There is one object, so it has no id.
    var operations: [Operation] {
        [
            Operation(
                .get, .at("/v1/settings", "find_settings", "Show the settings", Self.tag, .settingsRead),
                parameters: [.ifNoneMatch],
                success: .value(TenantSettings.self, "The settings.", headers: [.eTag])
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                let found = try await settings.find(call.caller)
                return call.holds(found.version)
                    ? Reply.notModified(found.version) : Reply.versioned(found, found.version)
            },
            Operation(
                .patch, .at("/v1/settings", "change_settings", "Change the settings", Self.tag, .settingsWrite),
                parameters: [.ifMatch], content: .json(SettingsChanges.self),
                success: .value(TenantSettings.self, "The settings as they are now.", headers: [.eTag]),
                problems: Body.problems + [.stale, .badPrecondition]
            ) { (call: Call<TenantContext>) in
                try call.query { _ in }
                let expected = try call.expectedVersion()
                let changes = try SettingsChanges(
                    json: try await Body.bytes(of: call.request, types: SettingsChanges.types))
                let changed = try await settings.update(call.caller, ifVersion: expected, changes)
                return Reply.versioned(changed, changed.version)
            },
        ]
    }
}
