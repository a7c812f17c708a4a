public import Foundation

/// One business on the deployment.
public struct Tenant: Sendable {
    public typealias ID = Identifier<Tenant>

    public enum State: String, JSONChoice { case active, suspended, deleting }

    public let id: ID
    /// The short name that people sign in with and the CLI takes.
    public let slug: String
    public let name: String
    public let state: State
    public let suspendedAt: Date?
    /// When everything of it is erased; until then that can be cancelled.
    public let eraseAfter: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date
}

/// What a new tenant starts with.
public struct NewTenant: Sendable {
    public var slug: String
    public var name: String
    public var locale: String
    public var timeZone: String
    public var calendar: TenantSettings.CalendarKind
    public var currency: String
    public var senderName: String
    public var senderAddress: String

    public init(
        slug: String, name: String, locale: String = "fa", timeZone: String = "Asia/Tehran",
        calendar: TenantSettings.CalendarKind = .jalali, currency: String = "IRR", senderName: String? = nil,
        senderAddress: String
    ) {
        self.slug = slug
        self.name = name
        self.locale = locale
        self.timeZone = timeZone
        self.calendar = calendar
        self.currency = currency
        self.senderName = senderName ?? name
        self.senderAddress = senderAddress
    }
}
