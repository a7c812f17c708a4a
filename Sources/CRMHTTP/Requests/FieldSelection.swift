import CRM

/// The parameter `fields`: which members of an object, or of each item of a list, a client wants to see beside the id.
struct FieldSelection: Sendable {
    typealias Fields = Set<String>

    private let names: [String]

    init(_ schema: JSONSchema) { names = schema.properties.map(\.name) }

    /// `nil` for all of them.
    @discardableResult
    func read(_ query: inout QueryReader) -> Fields? {
        let schema = JSONSchema.list(of: .choice(names), count: 1...names.count).unique
        guard let text = query.take("fields", schema, "Only the id and these members, separated by commas.") else {
            return nil
        }
        let chosen = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard chosen.allSatisfy(names.contains), Set(chosen).count == chosen.count else {
            query.fail("fields", "unknown", "Some of \(names.joined(separator: ", ")), each once.")
            return nil
        }
        return Fields(chosen + ["id"])
    }
}
