import CRM
import Foundation

/// Values that clients send whole where an object is new, and in part where it is changed. They are read in one way.
protocol WholeBody: Sendable {
    /// Of the object, such as `Market`.
    static var schemaName: String { get }
    /// As people say it.
    static var spoken: String { get }
    /// JSON of a new object.
    static var newExample: String { get }
    /// JSON of a merge patch.
    static var changesExample: String { get }
    /// Everything that is not allowed.
    var faults: [FieldError] { get }
    /// Tells the members that clients decide.
    func members(_ json: inout JSONWriter)
    init(_ reader: inout BodyReader)
    /// What a patch changes beyond what it says.
    static func completing(_ patch: [String: JSONNode], of present: [String: JSONNode]) -> [String: JSONNode]
    /// Members that are objects, and take the place of those that stand there instead of being merged into them.
    static var replacedWhole: Set<String> { get }
}

extension WholeBody {
    static func completing(_ patch: [String: JSONNode], of present: [String: JSONNode]) -> [String: JSONNode] { patch }
    static var replacedWhole: Set<String> { [] }
}

/// A simple object's values.
protocol RecordBody: RecordValues, WholeBody {}

/// The values of a new object.
struct NewRecord<Values: WholeBody>: JSONBody {
    static var schemaName: String { "New\(Values.schemaName)" }
    static var schemaDescription: String { "The values of a new \(Values.spoken)." }
    static var example: String { Values.newExample }

    let values: Values
    var faults: [FieldError] { values.faults }

    init(_ reader: inout BodyReader) { values = Values(&reader) }
}

/// What a merge patch changes of an object. It is merged into the values that stand there, and the whole is read as a new
/// object is: so there is one way to read a value, and one list of what may be wrong with it.
struct RecordChanges<Values: WholeBody>: PatchBody {
    static var schemaName: String { "\(Values.schemaName)Changes" }
    static var schemaDescription: String { "What a merge patch changes of one \(Values.spoken)." }
    static var example: String { Values.changesExample }

    private let patch: [String: JSONNode]

    init(_ reader: inout BodyReader) {
        var patch: [String: JSONNode] = [:]
        for member in BodyReader.properties({ _ = Values(&$0) }) {
            if member.isRequired || member.isKept {
                var schema = member.schema.patch
                schema.isNullable = false
                patch[member.name] = reader.node(member.name, schema, member.description)
            } else if let change = reader.removable(
                member.name, member.schema.patch, member.description, { node, _ in node })
            {
                patch[member.name] = change ?? .null
            }
        }
        self.patch = patch
    }

    /// What depends on members that a patch may leave out.
    private static var ofWhole: Set<String> { ["required", "not_allowed"] }

    /// What is wrong with the changes whatever stands there.
    var faults: [FieldError] {
        var reader = BodyReader(patch.filter { $0.value != .null }.mapValues(\.withoutNulls))
        let values = Values(&reader)
        reader.add(values.faults)
        return reader.errors.filter { error in
            !Self.ofWhole.contains(error.code) && patch.keys.contains { "\(error.pointer)/".hasPrefix("/\($0)/") }
        }
    }

    /// - Throws: ``ServiceError/invalid(_:)`` with everything that is wrong with the result.
    func apply(to old: Values) throws -> Values {
        var json = JSONWriter()
        json.object(old.members)
        let present = try JSONDecoder().decode(JSONNode.self, from: Data(json.bytes))
        guard case .object(let members) = present else { return old }
        let patch = Values.completing(patch, of: members)
        let kept = members.filter { name, _ in patch[name] == nil || !Values.replacedWhole.contains(name) }
        guard case .object(let merged) = JSONMergePatch.apply(.object(patch), to: .object(kept)) else { return old }
        var reader = BodyReader(merged)
        let values = Values(&reader)
        reader.refuseUnknown()
        reader.add(values.faults)
        let errors = reader.errors.since(old.faults)
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
        return values
    }
}

extension JSONNode {
    /// What a merge patch removes within objects, left out.
    fileprivate var withoutNulls: JSONNode {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null }.mapValues(\.withoutNulls))
    }
}
