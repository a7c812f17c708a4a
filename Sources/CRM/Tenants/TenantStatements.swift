import Foundation
public import Postgres

enum TenantStatements {
    private static let columns: SQL = "id, slug, name, state, created_at"

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
            INSERT INTO crm.tenant_setting (tenant_id, locale, time_zone, calendar, currency, sender_name, sender_address)
            VALUES (\(id), \(new.locale), \(new.timeZone), \(new.calendar), \(new.currency), \(new.senderName),
                \(new.senderAddress))
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

    static func settings(_ id: Tenant.ID) -> Statement<TenantSettings> {
        Statement(
            "tenant.settings",
            """
            SELECT locale, time_zone, calendar, currency, sender_name, sender_address, reply_to, quarantine_days,
                consent_required, minimum_answers
            FROM crm.tenant_setting WHERE tenant_id = \(id)
            """, one: TenantSettings.init(row:))
    }
}

extension Tenant {
    init(row: inout RowReader) throws {
        self.init(
            id: try row.next(), slug: try row.next(), name: try row.next(), state: try row.next(),
            createdAt: try row.next())
    }
}

extension Tenant.State: PostgresEncodable, PostgresDecodable {}
extension TenantSettings.CalendarKind: PostgresEncodable, PostgresDecodable {}

extension TenantSettings {
    init(row: inout RowReader) throws {
        self.init(
            locale: try row.next(), timeZone: try row.next(), calendar: try row.next(), currency: try row.next(),
            senderName: try row.next(), senderAddress: try row.next(), replyTo: try row.nextIfPresent(),
            quarantineDays: try row.next(), consentRequired: try row.next(), minimumAnswers: try row.next())
    }
}
