/// A five-character SQLSTATE code.
///
/// The constants are all conditions of PostgreSQL 15, appendix A, with the names that PL/pgSQL has for them. Where two
/// conditions share a name, the one of class 01, 38 or 39 begins with its class: ``warningStringDataRightTruncation``,
/// ``externalRoutineModifyingSQLDataNotPermitted``, ``externalRoutineInvocationNullValueNotAllowed``.
public struct SQLState: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// The first two characters: the class of the condition.
    public var conditionClass: Substring { rawValue.prefix(2) }
}
