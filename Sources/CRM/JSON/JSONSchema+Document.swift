import Foundation

/// How schemas stand in an OpenAPI document.
extension JSONSchema {
    /// The named objects within, with those within them, by their names.
    public func collect(into found: inout [String: JSONSchema]) {
        if let name {
            if let known = found[name] {
                // Where some of its members may be asked for in one place, the description allows it everywhere.
                if isSelectable, !known.isSelectable { found[name] = known.selectable }
                return
            }
            var schema = self
            schema.isNullable = false
            found[name] = schema
        }
        switch shape {
        case .list(let element, _): element.collect(into: &found)
        case .map(let value, _, _): value.collect(into: &found)
        case .object(let properties): for property in properties { property.schema.collect(into: &found) }
        case .anything, .boolean, .integer, .number, .string: break
        }
    }

    /// Refers to a named object, and describes everything else.
    public var document: JSONNode {
        guard let name else { return definition }
        let reference: JSONNode = .object(["$ref": .string("#/components/schemas/\(name)")])
        return isNullable ? .object(["anyOf": .array([reference, .object(["type": .string("null")])])]) : reference
    }

    /// Describes it, named or not.
    public var definition: JSONNode {
        var members: [String: JSONNode] = [:]
        func type(_ name: String) {
            members["type"] = isNullable ? .array([.string(name), .string("null")]) : .string(name)
        }
        switch shape {
        case .anything: break
        case .boolean: type("boolean")
        case .number: type("number")
        case .integer(let range):
            type("integer")
            if let range {
                members["minimum"] = .number(.init(range.lowerBound))
                members["maximum"] = .number(.init(range.upperBound))
            }
        case .string: type("string")
        case .list(let element, let count):
            type("array")
            members["items"] = element.document
            if isUnique { members["uniqueItems"] = .bool(true) }
            if let count {
                if count.lowerBound > 0 { members["minItems"] = .number(.init(count.lowerBound)) }
                members["maxItems"] = .number(.init(count.upperBound))
            }
        case .map(let value, let names, let most):
            type("object")
            members["additionalProperties"] = value.document
            if let names { members["propertyNames"] = names.document }
            if let most { members["maxProperties"] = .number(.init(most)) }
        case .object(let properties):
            type("object")
            members["additionalProperties"] = .bool(false)
            let required = properties.filter { isSelectable ? $0.name == "id" : $0.isRequired }
                .map { JSONNode.string($0.name) }
            if !required.isEmpty { members["required"] = .array(required) }
            members["properties"] = .object(
                Dictionary(uniqueKeysWithValues: properties.map { ($0.name, $0.document) }))
        }
        if let description { members["description"] = .string(description) }
        if let format { members["format"] = .string(format) }
        if let pattern { members["pattern"] = .string(pattern) }
        if let choices {
            members["enum"] = .array(choices.map(JSONNode.string) + (isNullable ? [.null] : []))
        }
        if let length {
            if length.lowerBound > 0 { members["minLength"] = .number(.init(length.lowerBound)) }
            members["maxLength"] = .number(.init(length.upperBound))
        }
        return .object(members)
    }
}

extension JSONSchema.Property {
    /// The schema with what is told of the member.
    fileprivate var document: JSONNode {
        guard case .object(var members) = schema.document else { return schema.document }
        members["description"] = .string(description)
        return .object(members)
    }
}
