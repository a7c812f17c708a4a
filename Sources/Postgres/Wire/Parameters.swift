/// The bound values of one statement, in PostgreSQL's binary format, in one buffer. Nothing outside can read them.
public struct Parameters: Sendable {
    struct Slot: Sendable {
        let type: PostgresType
        let offset: Int
        /// −1 for NULL.
        let length: Int
        /// Where in the statement's text the placeholder stands, in bytes.
        let position: Int
    }

    private(set) var slots: [Slot] = []
    private(set) var bytes: [UInt8] = []

    var count: Int { slots.count }

    mutating func append<Value: PostgresEncodable>(_ value: Value, at position: Int) {
        let offset = bytes.count
        value.encode(into: &bytes)
        slots.append(Slot(type: Value.postgresType, offset: offset, length: bytes.count - offset, position: position))
    }

    mutating func appendNull(_ type: PostgresType, at position: Int) {
        slots.append(Slot(type: type, offset: bytes.count, length: -1, position: position))
    }

    /// Appends a slot of another statement, whose bytes were appended from `base` on.
    mutating func append(_ slot: Slot, offsetBy base: Int, at position: Int) {
        slots.append(Slot(type: slot.type, offset: slot.offset + base, length: slot.length, position: position))
    }

    mutating func appendBytes(of other: Parameters) { bytes.append(contentsOf: other.bytes) }

    mutating func reserveSlots(_ count: Int) { slots.reserveCapacity(count) }
}

extension Parameters: CustomStringConvertible, CustomReflectable {
    /// How many there are, never their bytes.
    public var description: String { "\(count) values" }

    /// Shows no values.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
