public import Foundation

/// A person who works for the business and signs in.
public struct Member: Sendable {
    public typealias ID = Identifier<Member>

    public let id: ID
    public internal(set) var name: String
    public let email: String
    public internal(set) var language: String
    /// At least one.
    public internal(set) var roles: [Role]
    /// When the member chose a password for the first time; `nil` while the invitation is open.
    public let joinedAt: Date?
    public let lastSignInAt: Date?
    public let version: Int
    public let createdAt: Date
    public let updatedAt: Date

    public var scopes: Set<Scope> { Role.scopes(of: roles) }
}

extension Role {
    public static func scopes(of roles: [Role]) -> Set<Scope> {
        roles.reduce(into: []) { $0.formUnion($1.scopes) }
    }
}

/// Who is invited to work for the business.
public struct NewMember: Sendable {
    public var name: String
    public var email: String
    /// `nil` for the business's own.
    public var language: String?
    public var roles: [Role]

    public init(name: String, email: String, language: String? = nil, roles: [Role]) {
        self.name = name
        self.email = email
        self.language = language
        self.roles = roles
    }
}

/// What a merge patch changes of a member; `nil` leaves a value as it is.
public struct MemberChanges: Sendable {
    public var name: String?
    public var language: String?
    public var roles: [Role]?

    /// The member as they are to be.
    func applied(to old: Member) -> Member {
        var new = old
        if let name { new.name = name }
        if let language { new.language = language }
        if let roles { new.roles = roles }
        return new
    }

    public init() {}
}

/// What values a member may have.
public enum MemberRules {
    public static let name = TextRule.words(200)
    public static let shortestPassword = 10
    public static let longestPassword = 200
    /// Long enough that guessing takes longer than anybody tries. What else it must not be depends on whose it is.
    public static let password = TextRule(
        .string.length(shortestPassword...longestPassword).format("password"), "length",
        "\(shortestPassword) to \(longestPassword) characters."
    ) { (shortestPassword...longestPassword).contains($0.unicodeScalars.count) }

    static func check(_ roles: [Role], into errors: inout [FieldError]) {
        if roles.isEmpty { errors.append(FieldError("/roles", "required", "At least one role.")) }
        if Set(roles).count < roles.count { errors.append(FieldError("/roles", "duplicate", "Each role once.")) }
    }
}

extension NewMember {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        MemberRules.name.check(name, "/name", into: &errors)
        SettingsRules.email.check(email, "/email", into: &errors)
        if let language { TextRule.language.check(language, "/language", into: &errors) }
        MemberRules.check(roles, into: &errors)
        return errors
    }
}

extension MemberChanges {
    /// Everything that is not allowed.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let name { MemberRules.name.check(name, "/name", into: &errors) }
        if let language { TextRule.language.check(language, "/language", into: &errors) }
        if let roles { MemberRules.check(roles, into: &errors) }
        return errors
    }
}
