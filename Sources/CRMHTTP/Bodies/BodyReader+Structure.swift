import CRM
import Foundation

/// How lists and objects within an object are read.
extension BodyReader {
    /// The member as it stands, of whatever type.
    mutating func node(_ name: String, _ schema: JSONSchema, _ description: String) -> JSONNode? {
        optional(name, schema, description) { value, _ in value }
    }

    /// The members of an object, as they stand.
    mutating func attributes(_ name: String, _ description: String) -> [String: JSONNode]? {
        optional(name, .map(of: .anything), description) { value, reader in
            if case .object(let members) = value { members } else { reader.wrong(name, "type", "Expected an object.") }
        }
    }

    /// An object, read by `read`.
    ///
    /// - Parameter purpose: in a patch, whether the object is patched in its turn or replaced whole.
    mutating func object<Value>(
        _ name: String, _ description: String, for purpose: Purpose = .new, _ read: (inout BodyReader) -> Value
    ) -> Value? {
        optional(name, Self.schema(purpose, read), description) { value, reader in
            reader.nested(value, name, for: purpose, read)
        }
    }

    mutating func requiredObject<Value>(
        _ name: String, _ description: String, else substitute: Value, _ read: (inout BodyReader) -> Value
    ) -> Value {
        required(name, Self.schema(.new, read), description, else: substitute) { value, reader in
            reader.nested(value, name, for: .new, read)
        }
    }

    mutating func removableObject<Value>(
        _ name: String, _ description: String, _ read: (inout BodyReader) -> Value
    ) -> Value?? {
        removable(name, Self.schema(.new, read), description) { value, reader in
            reader.nested(value, name, for: .new, read)
        }
    }

    /// A list of objects, each read by `read`.
    mutating func objects<Value>(
        _ name: String, count: ClosedRange<Int>, _ description: String, _ read: (inout BodyReader) -> Value
    ) -> [Value]? {
        optional(name, .list(of: Self.schema(.new, read), count: count), description) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.nested(value, name, for: .new, read) }
        }
    }

    mutating func requiredObjects<Value>(
        _ name: String, count: ClosedRange<Int>, _ description: String, _ read: (inout BodyReader) -> Value
    ) -> [Value] {
        required(name, .list(of: Self.schema(.new, read), count: count), description, else: []) { value, reader in
            reader.list(value, name, count) { value, name, reader in reader.nested(value, name, for: .new, read) }
        }
    }

    private static func schema<Value>(_ purpose: Purpose, _ read: (inout BodyReader) -> Value) -> JSONSchema {
        .object(properties(for: purpose) { _ = read(&$0) })
    }

    mutating func list<Value>(
        _ value: JSONNode, _ name: String, _ count: ClosedRange<Int>,
        _ read: (JSONNode, String, inout BodyReader) -> Value?
    ) -> [Value]? {
        guard case .array(let nodes) = value else { return wrong(name, "type", "Expected a list.") }
        guard count.contains(nodes.count) else {
            return wrong(
                name, nodes.count > count.upperBound ? "too_many" : "length",
                count.lowerBound > 0 ? "\(count.lowerBound) to \(count.upperBound)." : "At most \(count.upperBound).")
        }
        let values = nodes.enumerated().map { index, node in read(node, "\(name)/\(index)", &self) }
        // With one missing the others would not stand where they stood.
        return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
    }

    mutating func wrong<Value>(_ name: String, _ code: String, _ detail: String) -> Value? {
        fail(name, code, detail)
        return nil
    }
}
