import CRM

/// A parameter of an operation, beside its body.
struct Parameter: Sendable {
    enum Place: String, Sendable { case query, path, header }

    let place: Place
    let name: String
    let schema: JSONSchema
    let description: String
    /// Whether a request without it is refused; those in paths always are.
    var isRequired: Bool

    init(_ place: Place, _ name: String, _ schema: JSONSchema, _ description: String) {
        self.place = place
        self.name = name
        self.schema = schema
        self.description = description
        isRequired = place == .path
    }
}
