/// What stands prepared on one session, by text and types of the placeholders.
struct PreparedStatements {
    struct Key: Hashable {
        let text: [UInt8]
        let types: [Parameters.Slot]

        init(_ sql: SQL) {
            text = sql.utf8
            types = sql.parameters.slots
        }

        static func == (left: Key, right: Key) -> Bool {
            left.text == right.text && left.types.elementsEqual(right.types) { $0.type == $1.type }
        }

        func hash(into hasher: inout Hasher) {
            text.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    private var names: [Key: String] = [:]
    private var counter = 0

    var count: Int { names.count }

    subscript(key: Key) -> String? { names[key] }

    /// Gives the statement a name that the session never had before.
    mutating func add(_ key: Key) -> String {
        counter += 1
        let name = "s\(counter)"
        names[key] = name
        return name
    }

    mutating func remove(_ key: Key) { names.removeValue(forKey: key) }

    mutating func removeAll() { names.removeAll() }
}
