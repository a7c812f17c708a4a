import CRM
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Postgres

/// Reads the members of a JSON object and reports every bad one at once, unknown ones too.
struct BodyReader {
    private let members: [String: JSONNode]
    private let pointer: String
    private var known: Set<String> = []
    private(set) var errors: [FieldError] = []

    private init(_ members: [String: JSONNode], at pointer: String) {
        self.members = members
        self.pointer = pointer
    }

    /// Most bytes of a JSON body.
    static let maximumBytes = 1024 * 1024

    /// Reads the request's body with `read`, then refuses it if anything was wrong.
    static func read<Value>(
        _ request: Request, type: String = "application/json", _ read: (inout BodyReader) throws -> Value
    ) async throws -> Value {
        guard let sent = request.headers[.contentType], sent.lowercased().hasPrefix(type) else {
            throw RequestProblem.unsupportedMediaType(expected: type)
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: maximumBytes)
        } catch is NIOTooManyBytesError {
            throw RequestProblem.tooLarge(limit: maximumBytes)
        }
        if let excess = JSONBounds.excess(of: body.readableBytesView) { throw RequestProblem.malformed(excess) }
        let node: JSONNode
        do {
            node = try JSONDecoder().decode(JSONNode.self, from: Data(body.readableBytesView))
        } catch {
            throw RequestProblem.malformed("The body is not JSON.")
        }
        guard case .object(let members) = node else { throw RequestProblem.malformed("The body is not a JSON object.") }
        var reader = BodyReader(members, at: "")
        reader.refuseZeroCharacters(in: node, at: "")
        let value = try read(&reader)
        reader.refuseUnknown()
        if !reader.errors.isEmpty { throw ServiceError.invalid(reader.errors) }
        return value
    }

    // MARK: Members

    /// Whether the member is there, null or not.
    func has(_ name: String) -> Bool { members[name] != nil }

    /// Whether the member is there and null.
    func isNull(_ name: String) -> Bool { members[name] == .null }

    mutating func text(_ name: String) -> String? {
        switch take(name) {
        case .string(let text): text
        case nil, .null: nil
        default: fail(name, "type", "Expected a string.")
        }
    }

    mutating func requiredText(_ name: String) -> String {
        text(name) ?? missing(name, "")
    }

    mutating func integer(_ name: String) -> Int? {
        switch take(name) {
        case .number(let number):
            Int(exactly: NSDecimalNumber(decimal: number).doubleValue)
                ?? fail(name, "type", "Expected a whole number.")
        case nil, .null: nil
        default: fail(name, "type", "Expected a whole number.")
        }
    }

    mutating func flag(_ name: String) -> Bool? {
        switch take(name) {
        case .bool(let flag): flag
        case nil, .null: nil
        default: fail(name, "type", "Expected true or false.")
        }
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ type: Choice.Type = Choice.self
    ) -> Choice? {
        guard let text = text(name) else { return nil }
        return Choice(rawValue: text)
            ?? fail(name, "unknown", "One of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
    }

    mutating func identifier<Object>(_ name: String) -> Identifier<Object>? {
        guard let text = text(name) else { return nil }
        return Identifier<Object>(text) ?? fail(name, "invalid", "Expected a UUID.")
    }

    mutating func requiredIdentifier<Object>(_ name: String) -> Identifier<Object> {
        identifier(name) ?? missing(name, Identifier<Object>(rawValue: UUID()))
    }

    mutating func requiredChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, else substitute: Choice
    ) -> Choice {
        choice(name) ?? missing(name, substitute)
    }

    mutating func day(_ name: String) -> LocalDate? {
        guard let text = text(name) else { return nil }
        return LocalDate(text) ?? fail(name, "invalid", "Expected a day as YYYY-MM-DD.")
    }

    mutating func amount(_ name: String) -> Decimal? {
        guard let text = text(name) else { return nil }
        return Decimal(plain: text) ?? fail(name, "invalid", "Expected a number in a string, such as \"12.50\".")
    }

    mutating func texts(_ name: String) -> [String]? {
        list(name) { node in if case .string(let text) = node { text } else { nil } }
    }

    mutating func identifiers<Object>(_ name: String) -> [Identifier<Object>]? {
        list(name) { node in if case .string(let text) = node { Identifier<Object>(text) } else { nil } }
    }

    /// Words by language.
    mutating func localized(_ name: String) -> LocalizedText? {
        guard let members = members(name) else { return nil }
        var texts: [String: String] = [:]
        for (language, node) in members.sorted(by: { $0.key < $1.key }) {
            if case .string(let text) = node {
                texts[language] = text
            } else {
                errors.append(FieldError("\(pointer)/\(name)/\(language)", "type", "Expected a string."))
            }
        }
        return LocalizedText(texts)
    }

    mutating func requiredLocalized(_ name: String) -> LocalizedText {
        localized(name) ?? missing(name, LocalizedText([:]))
    }

    /// The member as it stands, of whatever type.
    mutating func node(_ name: String) -> JSONNode? {
        let node = take(name)
        return node == .null ? nil : node
    }

    /// The members of an object, as they stand.
    mutating func members(_ name: String) -> [String: JSONNode]? {
        switch take(name) {
        case .object(let members): members
        case nil, .null: nil
        default: fail(name, "type", "Expected an object.")
        }
    }

    /// An object, read by `read`.
    mutating func object<Value>(_ name: String, _ read: (inout BodyReader) -> Value) -> Value? {
        guard let members = members(name) else { return nil }
        return nested(members, at: "\(pointer)/\(name)", read)
    }

    /// A list of objects, each read by `read`.
    mutating func objects<Value>(_ name: String, _ read: (inout BodyReader) -> Value) -> [Value]? {
        switch take(name) {
        case .array(let nodes):
            var values: [Value] = []
            for (index, node) in nodes.enumerated() {
                guard case .object(let members) = node else {
                    errors.append(FieldError("\(pointer)/\(name)/\(index)", "type", "Expected an object."))
                    continue
                }
                values.append(nested(members, at: "\(pointer)/\(name)/\(index)", read))
            }
            return values
        case nil, .null: return nil
        default: return fail(name, "type", "Expected a list.")
        }
    }

    mutating func missing<Value>(_ name: String, _ substitute: Value) -> Value {
        let place = "\(pointer)/\(name)"
        if !errors.contains(where: { $0.pointer == place }) {
            errors.append(FieldError(place, "required", "Is required."))
        }
        return substitute
    }

    // MARK: Inside

    private mutating func nested<Value>(
        _ members: [String: JSONNode], at pointer: String, _ read: (inout BodyReader) -> Value
    ) -> Value {
        var reader = BodyReader(members, at: pointer)
        let value = read(&reader)
        reader.refuseUnknown()
        errors += reader.errors
        return value
    }

    private mutating func list<Value>(_ name: String, _ read: (JSONNode) -> Value?) -> [Value]? {
        switch take(name) {
        case .array(let nodes):
            return nodes.enumerated().compactMap { index, node in
                guard let value = read(node) else {
                    errors.append(FieldError("\(pointer)/\(name)/\(index)", "type", "Expected another type of value."))
                    return nil
                }
                return value
            }
        case nil, .null: return nil
        default: return fail(name, "type", "Expected a list.")
        }
    }

    private mutating func take(_ name: String) -> JSONNode? {
        known.insert(name)
        return members[name]
    }

    /// A member's name within a pointer. (RFC 6901, section 3.)
    private static func escaped(_ name: String) -> String {
        name.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
    }

    private mutating func refuseUnknown() {
        for name in members.keys.sorted() where !known.contains(name) {
            errors.append(FieldError("\(pointer)/\(Self.escaped(name))", "unknown", "There is no such member."))
        }
    }

    /// PostgreSQL's texts hold every character but this one, and it means nothing in any of them.
    private mutating func refuseZeroCharacters(in node: JSONNode, at pointer: String) {
        func check(_ text: String, _ pointer: String) {
            guard text.unicodeScalars.contains("\0") else { return }
            errors.append(FieldError(pointer, "invalid", "Holds a character that is not allowed."))
        }
        switch node {
        case .string(let text): check(text, pointer)
        case .array(let nodes):
            for (index, node) in nodes.enumerated() { refuseZeroCharacters(in: node, at: "\(pointer)/\(index)") }
        case .object(let members):
            for (name, node) in members.sorted(by: { $0.key < $1.key }) {
                check(name, "\(pointer)/\(name)")
                refuseZeroCharacters(in: node, at: "\(pointer)/\(name)")
            }
        case .null, .bool, .number: break
        }
    }

    private mutating func fail<Value>(_ name: String, _ code: String, _ detail: String) -> Value? {
        errors.append(FieldError("\(pointer)/\(name)", code, detail))
        return nil
    }
}
