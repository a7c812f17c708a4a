import FoundationEssentials

/// `jsonb` as the bytes of a JSON text; reads `json` too. The server refuses what is no JSON
/// (`invalid_text_representation`).
public struct JSONText: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    public var utf8: [UInt8]
    public init(utf8: [UInt8]) { self.utf8 = utf8 }

    public static var postgresType: PostgresType { .jsonb }
    public static var postgresArrayType: PostgresType { .jsonbArray }
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(1)  // the version of jsonb's binary form
        bytes.append(contentsOf: utf8)
    }
    public static func accepts(_ type: PostgresType) -> Bool { type == .jsonb || type == .json }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> JSONText? {
        guard type == .jsonb else { return JSONText(utf8: Array(bytes)) }
        guard bytes.first == 1 else { return nil }
        return JSONText(utf8: Array(bytes.dropFirst()))
    }
}

/// `json`, which keeps the text as it was written: white space, the order of keys, keys that occur twice.
public struct VerbatimJSON: Sendable, Hashable, PostgresEncodable, PostgresDecodable {
    public var utf8: [UInt8]
    public init(utf8: [UInt8]) { self.utf8 = utf8 }

    public static var postgresType: PostgresType { .json }
    public static var postgresArrayType: PostgresType { .jsonArray }
    public func encode(into bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
    public static func accepts(_ type: PostgresType) -> Bool { type == .json }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> VerbatimJSON? {
        VerbatimJSON(utf8: Array(bytes))
    }
}

/// `jsonb` that holds a Codable value; reads `json` too.
///
/// Written and read as `JSONEncoder` and `JSONDecoder` do by default, with sorted keys: a `Date` is a number of seconds
/// since 2001. Encoding fails only for values that JSON cannot hold (NaN) or that throw themselves; the initialiser
/// throws then (`EncodingError`), so that binding cannot. What the decoder refuses does not decode.
public struct JSONValue<Value: Decodable>: PostgresEncodable, PostgresDecodable {
    public let value: Value
    private let text: JSONText

    public init(_ value: Value) throws where Value: Encodable {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.value = value
        text = JSONText(utf8: Array(try encoder.encode(value)))
    }

    private init(value: Value, text: JSONText) {
        self.value = value
        self.text = text
    }

    public static var postgresType: PostgresType { .jsonb }
    public static var postgresArrayType: PostgresType { .jsonbArray }
    public func encode(into bytes: inout [UInt8]) { text.encode(into: &bytes) }
    public static func accepts(_ type: PostgresType) -> Bool { JSONText.accepts(type) }
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: PostgresType) -> JSONValue? {
        guard let text = JSONText.decode(bytes, as: type),
            let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
        else { return nil }
        return JSONValue(value: value, text: text)
    }
}

extension JSONValue: Sendable where Value: Sendable {}
