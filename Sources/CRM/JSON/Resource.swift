import Foundation

extension JSONWriter {
    /// The members that every object has which clients change.
    mutating func history(version: Int, createdAt: Date, updatedAt: Date) {
        member("version", version, "Counts the changes; the ETag is made of it.")
        member("created_at", createdAt, "When it was added.")
        member("updated_at", updatedAt, "When it was changed last.")
    }
}

/// An object that clients name by its id, and of which they hold a version.
public protocol Resource: JSONObject {
    /// What errors and the audit log call it, such as `customer`.
    static var kind: String { get }
    var id: Identifier<Self> { get }
    /// Counts the changes; the `ETag` is made of it.
    var version: Int { get }
}
