import Glibc

/// What the server knows a prepared statement by; kept as libpq takes it.
struct PreparedName: Equatable {
    let cString: ContiguousArray<CChar>

    init(_ number: Int) { cString = "p\(number)".utf8CString }
}

/// What stands prepared on one session. A statement is found by the address of its name, which is static, and told from
/// others of that name by its text and the types of its placeholders.
struct PreparedStatements {
    private struct Entry {
        let address: UInt
        let text: [UInt8]
        let types: [PostgresType]
        let name: PreparedName
        var lastUse: UInt64
        /// The next entry of the same bucket; −1 for none.
        var next: Int

        func isFor(_ sql: SQL) -> Bool {
            guard types.count == sql.parameters.slots.count, text.count == sql.utf8.count else { return false }
            for index in types.indices where types[index] != sql.parameters.slots[index].type { return false }
            return memcmp(text, sql.utf8, text.count) == 0
        }
    }

    let limit: Int
    private var entries: [Entry] = []
    private var buckets: [Int]
    private var uses: UInt64 = 0
    private var usesBefore: UInt64 = 0
    private var names = 0

    var count: Int { entries.count }

    init(limit: Int) {
        self.limit = max(1, limit)
        buckets = Array(repeating: -1, count: 256)
    }

    /// The name under which the statement stands prepared, if it does.
    mutating func use(_ command: Command) -> PreparedName? {
        guard let index = find(command) else { return nil }
        uses += 1
        entries[index].lastUse = uses
        return entries[index].name
    }

    /// Gives the statement a name that the session never had before.
    mutating func add(_ command: Command) -> PreparedName {
        names += 1
        uses += 1
        let name = PreparedName(names)
        let address = Self.address(command)
        let bucket = bucket(address)
        entries.append(
            Entry(
                address: address, text: command.sql.utf8, types: command.sql.parameterTypes, name: name, lastUse: uses,
                next: buckets[bucket]))
        buckets[bucket] = entries.count - 1
        return name
    }

    /// Notes that what is used from now on belongs to another pipeline.
    mutating func beginPipeline() { usesBefore = uses }

    /// Forgets the statement that was not used for longest when there is no room for another; returns its name. What
    /// belongs to the present pipeline stays, however many there are: the server may yet refuse it.
    mutating func makeRoom() -> PreparedName? {
        guard entries.count >= limit,
            let oldest = entries.indices.min(by: { entries[$0].lastUse < entries[$1].lastUse }),
            entries[oldest].lastUse <= usesBefore
        else { return nil }
        return remove(oldest)
    }

    mutating func remove(_ command: Command) {
        if let index = find(command) { _ = remove(index) }
    }

    mutating func removeAll() {
        entries.removeAll()
        for bucket in buckets.indices { buckets[bucket] = -1 }
    }

    private func find(_ command: Command) -> Int? {
        let address = Self.address(command)
        var index = buckets[bucket(address)]
        while index >= 0 {
            if entries[index].address == address, entries[index].isFor(command.sql) { return index }
            index = entries[index].next
        }
        return nil
    }

    private mutating func remove(_ index: Int) -> PreparedName {
        let name = entries.remove(at: index).name
        for bucket in buckets.indices { buckets[bucket] = -1 }
        for index in entries.indices {
            let bucket = bucket(entries[index].address)
            entries[index].next = buckets[bucket]
            buckets[bucket] = index
        }
        return name
    }

    private func bucket(_ address: UInt) -> Int { Int((address ^ address >> 8 ^ address >> 16) & 255) }

    private static func address(_ command: Command) -> UInt {
        let name = command.label.name
        return name.hasPointerRepresentation ? UInt(bitPattern: name.utf8Start) : UInt(name.unicodeScalar.value)
    }
}
