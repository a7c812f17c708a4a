/// SQL text whose interpolated values are bound, never pasted: `"SELECT … WHERE id = \(id)"` becomes `… WHERE id = $1`.
///
/// Fragments nest: interpolating one `SQL` into another renumbers its placeholders. There is no way to paste a run-time
/// string into the text.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text with its placeholders.
    private(set) var utf8: [UInt8]
    /// The bound values. They are encoded when they are interpolated, and only the connection reads them.
    public private(set) var parameters = Parameters()

    /// A text without values.
    public init(stringLiteral value: StaticString) {
        utf8 = []
        appendText(value)
    }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    private init() { utf8 = [] }

    /// For the wrapper's own commands, such as SAVEPOINT, whose text takes no parameters.
    init(generated text: String) { utf8 = Array(text.utf8) }

    /// Collects the text and the values of a literal.
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        public typealias StringLiteralType = StaticString
        var sql = SQL()

        public init(literalCapacity: Int, interpolationCount: Int) {
            sql.utf8.reserveCapacity(literalCapacity + 3 * interpolationCount)
            sql.parameters.reserveSlots(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: StaticString) {
            sql.appendText(literal)
        }

        /// Binds a value.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            sql.parameters.append(value, at: sql.utf8.count)
            sql.appendPlaceholder()
        }

        /// Binds a value or NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            if let value {
                sql.parameters.append(value, at: sql.utf8.count)
            } else {
                sql.parameters.appendNull(Value.postgresType, at: sql.utf8.count)
            }
            sql.appendPlaceholder()
        }

        @available(
            *, unavailable,
            message: "PostgreSQL has no arrays of arrays, and those of several dimensions are not offered"
        )
        public mutating func appendInterpolation<Element: PostgresEncodable>(_ value: [[Element]]) {}

        /// Puts another fragment here, its placeholders renumbered.
        public mutating func appendInterpolation(_ fragment: SQL) {
            sql.append(fragment)
        }
    }

    private mutating func appendText(_ text: StaticString) {
        text.withUTF8Buffer { utf8.append(contentsOf: $0) }
    }

    /// Writes `$n` for the parameter that was appended last.
    private mutating func appendPlaceholder() {
        utf8.append(UInt8(ascii: "$"))
        if parameters.count < 10 {
            utf8.append(UInt8(ascii: "0") + UInt8(parameters.count))
        } else {
            utf8.append(contentsOf: String(parameters.count).utf8)
        }
    }

    /// Appends a fragment, its placeholders renumbered.
    public mutating func append(_ fragment: SQL) {
        let base = parameters.bytes.count
        parameters.appendBytes(of: fragment.parameters)
        var copied = 0
        for (index, slot) in fragment.parameters.slots.enumerated() {
            utf8.append(contentsOf: fragment.utf8[copied..<slot.position])
            parameters.append(slot, offsetBy: base, at: utf8.count)
            appendPlaceholder()
            copied = slot.position + 1 + String(index + 1).utf8.count
        }
        utf8.append(contentsOf: fragment.utf8[copied...])
    }

    /// The fragments one after the other with `separator` between them; empty for none.
    public static func joined(_ fragments: [SQL], by separator: StaticString) -> SQL {
        var sql = SQL()
        for (index, fragment) in fragments.enumerated() {
            if index > 0 { sql.appendText(separator) }
            sql.append(fragment)
        }
        return sql
    }

    /// The text with `$1`, `$2`, … where values are bound.
    public var text: String { String(decoding: utf8, as: UTF8.self) }

    /// The types of the placeholders, in order.
    public var parameterTypes: [PostgresType] { parameters.slots.map(\.type) }
}

extension SQL: CustomStringConvertible, CustomReflectable {
    /// The text, without the values.
    public var description: String { text }

    public var customMirror: Mirror { Mirror(self, children: ["text": text]) }
}
