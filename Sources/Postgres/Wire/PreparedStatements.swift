import Glibc

/// What stands prepared on one session. A statement is found by the address of its name, which is static, and told from
/// others of that name by its text and the types of its placeholders.
struct PreparedStatements {
    private struct Entry {
        let text: [UInt8]
        let types: [PostgresType]
        let name: String
        var lastUse: UInt64

        func isFor(_ sql: SQL) -> Bool {
            let slots = sql.parameters.slots
            guard types.count == slots.count else { return false }
            for index in types.indices where types[index] != slots[index].type { return false }
            return text.count == sql.utf8.count && memcmp(text, sql.utf8, text.count) == 0
        }
    }

    let limit: Int
    private var entries: [UInt: [Entry]] = [:]
    private(set) var count = 0
    private var uses: UInt64 = 0
    private var names = 0

    init(limit: Int) { self.limit = max(1, limit) }

    /// The name under which the statement stands prepared, if it does.
    mutating func use(_ command: Command) -> String? {
        uses += 1
        let key = Self.key(command)
        guard let index = entries[key]?.firstIndex(where: { $0.isFor(command.sql) }) else { return nil }
        entries[key]?[index].lastUse = uses
        return entries[key]?[index].name
    }

    /// Gives the statement a name that the session never had before.
    mutating func add(_ command: Command) -> String {
        names += 1
        uses += 1
        count += 1
        let name = "p\(names)"
        entries[Self.key(command), default: []].append(
            Entry(
                text: command.sql.utf8, types: command.sql.parameterTypes, name: name, lastUse: uses))
        return name
    }

    /// Forgets the statement that was not used for longest when there is no room for another; returns its name.
    mutating func makeRoom() -> String? {
        guard count >= limit else { return nil }
        var oldest: (key: UInt, index: Int, lastUse: UInt64)?
        for (key, list) in entries {
            for (index, entry) in list.enumerated() where entry.lastUse < oldest?.lastUse ?? .max {
                oldest = (key, index, entry.lastUse)
            }
        }
        guard let oldest else { return nil }
        return remove(oldest.key, oldest.index)
    }

    mutating func remove(_ command: Command) {
        let key = Self.key(command)
        guard let index = entries[key]?.firstIndex(where: { $0.isFor(command.sql) }) else { return }
        _ = remove(key, index)
    }

    mutating func removeAll() {
        entries.removeAll()
        count = 0
    }

    private mutating func remove(_ key: UInt, _ index: Int) -> String? {
        count -= 1
        let entry = entries[key]?.remove(at: index)
        if entries[key]?.isEmpty == true { entries.removeValue(forKey: key) }
        return entry?.name
    }

    private static func key(_ command: Command) -> UInt {
        let name = command.label.name
        return name.hasPointerRepresentation ? UInt(bitPattern: name.utf8Start) : UInt(name.unicodeScalar.value)
    }
}
