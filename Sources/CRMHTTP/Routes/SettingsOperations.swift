import CRM
import HTTPTypes

struct SettingsOperations: OperationGroup {
    private static let tag = Operation.Tag("Settings", "What the business decides about itself.")

    let settings: SettingsService

    /// There is one object, so it has no id.
    var operations: [Operation] {
        [
            Operation(
                method: .get, path: "/v1/settings", name: "find_settings", summary: "Show the settings", tag: Self.tag,
                scope: .settingsRead, parameters: [.ifNoneMatch],
                success: .value(TenantSettings.self, "The settings.", headers: [.eTag]), problems: []
            ) { call in
                try call.query { _ in }
                let found = try await settings.find(call.tenant)
                return call.holds(found.version)
                    ? Reply.notModified(found.version) : Reply.versioned(found, found.version)
            },
            Operation(
                method: .patch, path: "/v1/settings", name: "change_settings", summary: "Change the settings",
                tag: Self.tag, scope: .settingsWrite, parameters: [.ifMatch], content: .json(SettingsChanges.self),
                success: .value(TenantSettings.self, "The settings as they are now.", headers: [.eTag]),
                problems: Body.problems + [.stale, .badPrecondition]
            ) { call in
                try call.query { _ in }
                let expected = try call.expectedVersion()
                let changes = try SettingsChanges(
                    json: try await Body.bytes(of: call.request, types: SettingsChanges.types))
                let changed = try await settings.update(call.tenant, ifVersion: expected, changes)
                return Reply.versioned(changed, changed.version)
            },
        ]
    }
}
