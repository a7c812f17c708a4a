public import Foundation
public import Postgres

/// A value with a JSON form, and what that form is like.
public protocol JSONRepresentable: Sendable {
    static var schema: JSONSchema { get }
    func write(to json: inout JSONWriter)
}

/// A value whose JSON form is an object. Its members are told once, for writing, for describing and for selecting among them.
public protocol JSONObject: JSONRepresentable {
    /// What the API's documentation calls it, such as `Customer`.
    static var schemaName: String { get }
    static var schemaDescription: String { get }
    static var example: Self { get }
    /// Tells the members.
    func members(_ json: inout JSONWriter)
}

extension JSONObject {
    public static var schema: JSONSchema {
        .named(schemaName, schemaDescription, properties: JSONWriter.properties { example.members(&$0) })
    }

    public func write(to json: inout JSONWriter) { json.object(members) }
}

/// An enumeration whose values are written by their names.
public protocol JSONChoice: JSONRepresentable, RawRepresentable<String>, CaseIterable {}

extension JSONChoice {
    public static var schema: JSONSchema { .choice(allCases.map(\.rawValue)) }

    public func write(to json: inout JSONWriter) { json.string(rawValue) }
}

extension String: JSONRepresentable {
    public static var schema: JSONSchema { .string }
    public func write(to json: inout JSONWriter) { json.string(self) }
}

extension Bool: JSONRepresentable {
    public static var schema: JSONSchema { .boolean }
    public func write(to json: inout JSONWriter) { json.bool(self) }
}

extension Int: JSONRepresentable {
    public static var schema: JSONSchema { .integer }
    public func write(to json: inout JSONWriter) { json.integer(self) }
}

extension Double: JSONRepresentable {
    public static var schema: JSONSchema { .number }
    public func write(to json: inout JSONWriter) { json.number(self) }
}

extension Date: JSONRepresentable {
    public static var schema: JSONSchema { .time }
    public func write(to json: inout JSONWriter) { json.time(self) }
}

extension LocalDate: JSONRepresentable {
    public static var schema: JSONSchema { .day }
    public func write(to json: inout JSONWriter) { json.string(description) }
}

extension UUID: JSONRepresentable {
    public static var schema: JSONSchema { .identifier }
    public func write(to json: inout JSONWriter) { json.uuid(self) }
}

extension Identifier: JSONRepresentable {
    public static var schema: JSONSchema {
        (Object.self as? any Resource.Type).map { .identifier(of: $0.kind) } ?? .identifier
    }

    public func write(to json: inout JSONWriter) { json.uuid(rawValue) }
}

extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
    public static var schema: JSONSchema { Wrapped.schema.nullable }

    public func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.null() }
    }
}

extension Array: JSONRepresentable where Element: JSONRepresentable {
    public static var schema: JSONSchema { .list(of: Element.schema) }
    public func write(to json: inout JSONWriter) { json.array(self) }
}

extension Dictionary: JSONRepresentable where Key == String, Value: JSONRepresentable {
    public static var schema: JSONSchema { .map(of: Value.schema) }

    /// In the order of the names, so that equal values are equal texts.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in sorted(by: { $0.key < $1.key }) { json.member(named: name, value) }
        }
    }
}

extension JSONNode: JSONRepresentable {
    public static var schema: JSONSchema { .anything }

    public func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.bool(value)
        case .number(let value): json.number(value)
        case .string(let value): json.string(value)
        case .array(let value): json.array(value)
        case .object(let value): value.write(to: &json)
        }
    }
}
