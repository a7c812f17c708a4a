import Foundation
public import Postgres

enum TenantStatements {
    /// Erasing begins by the clock, without a change of the row.
    private static let state: SQL =
        "CASE WHEN state = 'deleting' AND erase_after <= now() THEN 'erasing' ELSE state END"
    static let columns: SQL =
        "id, slug, name, \(state), suspended_at, erase_after, version, created_at, updated_at"

    static func insert(_ id: Tenant.ID, _ new: NewTenant) -> Statement<Tenant> {
        Statement(
            "tenant.insert",
            "INSERT INTO platform.tenant (id, slug, name) VALUES (\(id), \(new.slug), \(new.name)) RETURNING \(columns)",
            one: Tenant.init(row:))
    }

    static func insertSettings(_ id: Tenant.ID, _ new: NewTenant) -> Statement<Int> {
        Statement(
            "tenant.insert_settings",
            """
            INSERT INTO crm.tenant_setting (tenant_id, locale, time_zone, calendar, working_days, currency, sender_name,
                sender_address)
            VALUES (\(id), \(new.locale), \(new.timeZone), \(new.calendar), \(new.workingDays.map(\.number)),
                \(new.currency), \(new.senderName), \(new.senderAddress))
            """)
    }

    static func insertQueueShare(_ id: Tenant.ID) -> Statement<Int> {
        Statement("tenant.insert_queue_share", "INSERT INTO job.tenant (tenant_id) VALUES (\(id))")
    }

    static let list = Statement(
        "tenant.list", "SELECT \(columns) FROM platform.tenant ORDER BY slug", all: Tenant.init(row:))

    static func find(slug: String) -> Statement<Tenant?> {
        Statement(
            "tenant.find", "SELECT \(columns) FROM platform.tenant WHERE slug = \(slug)", optional: Tenant.init(row:))
    }

    static func find(_ id: Tenant.ID) -> Statement<Tenant?> {
        Statement(
            "tenant.find_by_id", "SELECT \(columns) FROM platform.tenant WHERE id = \(id)",
            optional: Tenant.init(row:))
    }

    static func page(_ filter: TenantFilter, _ page: PageRequest<Tenant>) -> Statement<[Tenant]> {
        var condition: SQL = "true"
        if let slugs = filter.slugs { condition = "\(condition) AND slug = ANY (\(slugs))" }
        if let states = filter.states { condition = "\(condition) AND \(state) = ANY (\(states.map(\.rawValue)))" }
        return Statement(
            "tenant.page", "SELECT \(columns) FROM platform.tenant WHERE \(condition)\n\(page.clause(id: "id"))",
            all: Tenant.init(row:))
    }

    static func settings(_ id: Tenant.ID) -> Statement<TenantSettings> {
        Statement(
            "tenant.settings",
            """
            SELECT t.name, s.locale, s.time_zone, s.calendar, s.working_days, s.currency, s.sender_name, s.sender_address,
                s.reply_to, s.quarantine_days, s.consent_required, s.minimum_answers, s.allowed_origins,
                s.requests_per_second, s.key_requests_per_second, s.version, s.updated_at
            FROM crm.tenant_setting s JOIN platform.tenant t ON t.id = s.tenant_id WHERE s.tenant_id = \(id)
            """, one: TenantSettings.init(row:))
    }

    /// - Returns: 0 rows when the settings have another version by now.
    static func updateSettings(
        _ id: Tenant.ID, _ old: TenantSettings, _ changes: SettingsChanges
    ) -> Statement<Int> {
        Statement(
            "tenant.update_settings",
            """
            UPDATE crm.tenant_setting SET locale = \(changes.locale ?? old.locale),
                time_zone = \(changes.timeZone ?? old.timeZone), calendar = \(changes.calendar ?? old.calendar),
                working_days = \((changes.workingDays ?? old.workingDays).map(\.number)),
                currency = \(changes.currency ?? old.currency), sender_name = \(changes.senderName ?? old.senderName),
                sender_address = \(changes.senderAddress ?? old.senderAddress),
                reply_to = \(changes.replyTo ?? old.replyTo),
                quarantine_days = \(Int16(changes.quarantineDays ?? old.quarantineDays)),
                consent_required = \(changes.consentRequired ?? old.consentRequired),
                minimum_answers = \(Int16(changes.minimumAnswers ?? old.minimumAnswers)),
                allowed_origins = \(changes.allowedOrigins ?? old.allowedOrigins),
                requests_per_second = \(Int32(changes.requestsPerSecond ?? old.requestsPerSecond)),
                key_requests_per_second = \(Int32(changes.keyRequestsPerSecond ?? old.keyRequestsPerSecond)),
                version = version + 1, updated_at = now()
            WHERE tenant_id = \(id) AND version = \(Int32(old.version))
            """)
    }

    static func rename(_ id: Tenant.ID, _ name: String) -> Statement<Void> {
        Statement(effect: "tenant.rename", "SELECT crm.rename_tenant(\(id), \(name))")
    }

    /// The origins whose pages may call the API of some tenant.
    static let allowedOrigins = Statement<[String]>(
        "tenant.allowed_origins", "SELECT crm.allowed_origins()", one: { try $0.next() })
}

extension Tenant {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), slug: try row.next(), name: try row.next(), state: try row.next(),
            suspendedAt: try row.nextIfPresent(), eraseAfter: try row.nextIfPresent(), version: try row.next(),
            createdAt: try row.next(), updatedAt: try row.next())
    }
}

extension Tenant.State: PostgresEncodable, PostgresDecodable {}
extension TenantSettings.CalendarKind: PostgresEncodable, PostgresDecodable {}

extension TenantSettings {
    init(row: inout RowReader) throws {
        self.init(
            name: try row.next(), locale: try row.next(), timeZone: try row.next(), calendar: try row.next(),
            workingDays: try row.next([Int16].self).compactMap { TenantSettings.Weekday(number: Int($0)) },
            currency: try row.next(), senderName: try row.next(), senderAddress: try row.next(),
            replyTo: try row.nextIfPresent(), quarantineDays: try row.next(), consentRequired: try row.next(),
            minimumAnswers: try row.next(), allowedOrigins: try row.next(), requestsPerSecond: try row.next(),
            keyRequestsPerSecond: try row.next(), version: try row.next(), updatedAt: try row.next())
    }
}
