import CRM
import Foundation

/// Reads the members of a JSON object and reports every bad one at once, unknown ones too.
///
/// The same reading describes the object: read without values, it notes which members are asked for and what they may be.
struct BodyReader {
    /// What the body does to the object: a patch may leave members out, and null there removes.
    enum Purpose { case new, patch }

    private let values: [String: JSONNode]
    private let pointer: String
    private var known: Set<String> = []
    private(set) var errors: [FieldError] = []
    /// A client that made more mistakes than these makes them all over again.
    static let maximumErrors = 100
    private let purpose: Purpose
    /// The members asked for so far; `nil` while values are read.
    private var described: [JSONSchema.Property]?

    init(_ values: [String: JSONNode], at pointer: String = "", for purpose: Purpose = .new) {
        self.values = values
        self.pointer = pointer
        self.purpose = purpose
    }

    /// The members that a reading asks for.
    static func properties(
        for purpose: Purpose = .new, _ read: (inout BodyReader) -> Void
    ) -> [JSONSchema.Property] {
        var reader = BodyReader([:], for: purpose)
        reader.described = []
        read(&reader)
        return reader.described ?? []
    }

    /// Notes what else is wrong with the whole; what was reported already is not reported twice.
    mutating func add(_ found: [FieldError]) {
        let reported = errors.map(\.pointer)
        errors += found.prefix(Self.maximumErrors).filter { error in
            !reported.contains {
                $0 == error.pointer || error.pointer.hasPrefix($0 + "/") || $0.hasPrefix(error.pointer + "/")
            }
        }
    }

    /// - Parameter name: of a member, or of what is within one, escaped where it is the client's.
    mutating func fail(_ name: String, _ code: String, _ detail: String) {
        guard errors.count < Self.maximumErrors else { return }
        errors.append(FieldError("\(pointer)/\(name)", code, detail))
    }

    // MARK: Members

    /// A member that may be left out. Where something new is told null means the same; a patch refuses it.
    ///
    /// - Parameters:
    ///   - isKept: whether another value stands where none is told, which no patch removes.
    ///   - read: turns the value; reports what is wrong with it through the third parameter and gives `nil` then.
    mutating func optional<Value>(
        _ name: String, _ schema: @autoclosure () -> JSONSchema, _ description: String, isKept: Bool = false,
        _ read: (JSONNode, inout BodyReader) -> Value?
    ) -> Value? {
        known.insert(name)
        if described != nil {
            note(name, purpose == .new ? schema().nullable : schema(), description, isRequired: false, isKept: isKept)
            return nil
        }
        guard let value = values[name] else { return nil }
        if value == .null {
            if purpose == .patch { fail(name, "required", "Cannot be removed.") }
            return nil
        }
        return read(value, &self)
    }

    /// A member that must be there; a patch may leave it out, which only ``optional(_:_:_:_:)`` tells.
    ///
    /// - Parameter substitute: stands in for what is missing or wrong, so that the reading goes on.
    mutating func required<Value>(
        _ name: String, _ schema: @autoclosure () -> JSONSchema, _ description: String, else substitute: Value,
        _ read: (JSONNode, inout BodyReader) -> Value?
    ) -> Value {
        known.insert(name)
        if described != nil {
            note(name, schema(), description, isRequired: true)
            return substitute
        }
        guard let value = values[name], value != .null else {
            fail(name, "required", "Is required.")
            return substitute
        }
        return read(value, &self) ?? substitute
    }

    /// A member that a patch may remove: left out it is `nil`, null is `.some(nil)`.
    mutating func removable<Value>(
        _ name: String, _ schema: @autoclosure () -> JSONSchema, _ description: String,
        _ read: (JSONNode, inout BodyReader) -> Value?
    ) -> Value?? {
        known.insert(name)
        if described != nil {
            note(name, schema().nullable, description, isRequired: false)
            return nil
        }
        guard let value = values[name] else { return nil }
        if value == .null { return .some(nil) }
        return read(value, &self).map { .some($0) }
    }

    private mutating func note(
        _ name: String, _ schema: JSONSchema, _ description: String, isRequired: Bool, isKept: Bool = false
    ) {
        var property = JSONSchema.Property(
            name: name, schema: schema, description: description, isRequired: isRequired)
        property.isKept = isKept
        described?.append(property)
    }

    // MARK: Within

    /// The members of an object, read by `read`.
    mutating func nested<Value>(
        _ value: JSONNode, _ name: String, for purpose: Purpose, _ read: (inout BodyReader) -> Value
    ) -> Value? {
        guard case .object(let members) = value else {
            fail(name, "type", "Expected an object.")
            return nil
        }
        var reader = BodyReader(members, at: "\(pointer)/\(name)", for: purpose)
        let result = read(&reader)
        reader.refuseUnknown()
        errors += reader.errors
        return result
    }

    mutating func refuseUnknown() {
        for name in values.keys.sorted() where !known.contains(name) {
            fail(FieldError.escaped(name), "unknown", "There is no such member.")
        }
    }

    /// PostgreSQL's texts hold every character but this one, and it means nothing in any of them.
    mutating func refuseZeroCharacters() {
        var path: [String] = []
        refuseZeroCharacters(in: .object(values), &path)
    }

    /// - Parameter path: the names on the way; a pointer is made of them only where something is wrong.
    private mutating func refuseZeroCharacters(in node: JSONNode, _ path: inout [String]) {
        guard errors.count < Self.maximumErrors else { return }
        func check(_ text: String, _ reader: inout BodyReader) {
            guard text.utf8.contains(0) else { return }
            reader.fail(
                path.map { FieldError.escaped($0) }.joined(separator: "/"), "invalid",
                "Holds a character that is not allowed.")
        }
        switch node {
        case .string(let text): check(text, &self)
        case .array(let nodes):
            for (index, node) in nodes.enumerated() {
                path.append(String(index))
                refuseZeroCharacters(in: node, &path)
                path.removeLast()
            }
        case .object(let members):
            for (name, node) in members.sorted(by: { $0.key < $1.key }) {
                path.append(name)
                check(name, &self)
                refuseZeroCharacters(in: node, &path)
                path.removeLast()
            }
        case .null, .bool, .number: break
        }
    }
}
