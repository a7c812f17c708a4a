public import Foundation

/// One business on the deployment.
public struct Tenant: Sendable {
    public typealias ID = Identifier<Tenant>

    public enum State: String, JSONChoice {
        case active, suspended
        /// To be erased, which can still be cancelled.
        case deleting
        /// Being erased: its time has come.
        case erasing
    }

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

extension Tenant.State {
    /// - Throws: ``ServiceError/tenantSuspended(forErasure:)`` for a business that lets nobody in.
    func admit() throws {
        guard self == .active else { throw ServiceError.tenantSuspended(forErasure: self != .suspended) }
    }
}

/// Which tenants are wanted; what is `nil` does not matter.
public struct TenantFilter: Sendable {
    public var slugs: [String]?
    public var states: [Tenant.State]?

    public init() {}
}

/// What a new tenant starts with.
public struct NewTenant: Sendable {
    public var slug: String
    public var name: String
    public var locale: String
    public var timeZone: String
    public var calendar: TenantSettings.CalendarKind
    /// By default Saturday to Wednesday where dates are Jalali, and Monday to Friday elsewhere.
    public var workingDays: [TenantSettings.Weekday]
    public var currency: String
    public var senderName: String
    public var senderAddress: String

    public init(
        slug: String, name: String, locale: String = "fa", timeZone: String = "Asia/Tehran",
        calendar: TenantSettings.CalendarKind = .jalali, workingDays: [TenantSettings.Weekday]? = nil,
        currency: String = "IRR", senderName: String? = nil, senderAddress: String
    ) {
        self.slug = slug
        self.name = name
        self.locale = locale
        self.timeZone = timeZone
        self.calendar = calendar
        self.workingDays =
            workingDays
            ?? (calendar == .jalali
                ? [.saturday, .sunday, .monday, .tuesday, .wednesday]
                : [.monday, .tuesday, .wednesday, .thursday, .friday])
        self.currency = currency
        self.senderName = senderName ?? name
        self.senderAddress = senderAddress
    }
}
