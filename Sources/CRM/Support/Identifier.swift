public import Foundation
import JobQueue
public import Postgres

/// The id of one kind of object: a UUID (version 7 when made here) that cannot be mistaken for another kind's.
public struct Identifier<Object>: RawRepresentable, Sendable, Hashable, Codable, PostgresEncodable, PostgresDecodable {
    public let rawValue: UUID
    public init(rawValue: UUID) { self.rawValue = rawValue }

    /// A new id; later ones sort behind earlier ones.
    public static func make() -> Self { Self(rawValue: .v7()) }

    public init?(_ text: some StringProtocol) {
        guard let uuid = UUID(text: text) else { return nil }
        rawValue = uuid
    }

    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(UUID.self)
    }

    /// Lower case, as PostgreSQL writes it.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Identifier: CustomStringConvertible {
    public var description: String { rawValue.text }
}
