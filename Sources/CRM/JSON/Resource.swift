/// An object that clients name by its id, and of which they hold a version.
public protocol Resource: JSONObject {
    /// What errors and the audit log call it, such as `customer`.
    static var kind: String { get }
    var id: Identifier<Self> { get }
    /// Counts the changes; the `ETag` is made of it.
    var version: Int { get }
}
