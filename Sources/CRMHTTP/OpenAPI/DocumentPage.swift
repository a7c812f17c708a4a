import CRM
import Foundation
import HTTPTypes

/// The API's documentation as a page: no scripts, nothing loaded from elsewhere.
struct DocumentPage {
    let document: OpenAPIDocument

    private static let templates = TemplateSet(
        [
            "docs": PackageResources.docs_mustache, "members": PackageResources.docs_members_mustache,
            "style": PackageResources.docs_css,
        ], escaping: .markup)

    func render() -> String {
        var schemas: [String: JSONSchema] = [:]
        for operation in document.operations {
            operation.success.payload?.schema.collect(into: &schemas)
            operation.content?.schema.collect(into: &schemas)
        }
        Problem.schema.collect(into: &schemas)
        return Self.templates.render(
            "docs",
            [
                "title": OpenAPIDocument.title,
                "introduction": OpenAPIDocument.introduction.split(separator: "\n\n").map(Self.prose),
                "chapters": document.tags.map { tag in
                    [
                        "name": tag.name, "anchor": tag.name.lowercased(),
                        "blocks": tag.description.split(separator: "\n\n").map(Self.block),
                        "operations": document.operations.filter { $0.tag == tag }.map(Self.values),
                    ] as [String: Any]
                },
                "schemas": schemas.sorted { $0.key < $1.key }.map { name, schema in
                    [
                        "name": name, "description": schema.description ?? "",
                        "members": Self.members(schema.properties),
                    ] as [String: Any]
                },
                "problems": ProblemCode.allCases.map { code in
                    ["code": code.rawValue, "status": String(code.status.code), "meaning": Self.prose(code.meaning)]
                },
                "roles": Role.allCases.map(\.rawValue), "permissions": Self.permissions, "actions": Self.actions,
            ])
    }

    /// Each scope with a mark for each role that has it.
    private static var permissions: [[String: Any]] {
        Role.table.map { row in
            let marks = Role.allCases.map { ["mark": row.roles.contains($0) ? "●" : ""] }
            return ["scope": row.scope.rawValue, "marks": marks]
        }
    }

    private static var actions: [[String: String]] {
        AuditAction.all.map { ["name": $0.name, "meaning": $0.meaning] }
    }

    private static func values(of operation: Operation) -> [String: Any] {
        var values: [String: Any] = [
            "name": operation.name, "method": operation.method.rawValue, "path": operation.path,
            "summary": operation.summary, "scope": operation.access.permission ?? "",
            "status": String(operation.success.status.code),
            "answer": operation.success.description,
            "problems": Set(operation.problems).sorted { ($0.status.code, $0.rawValue) < ($1.status.code, $1.rawValue) }
                .map { ["code": $0.rawValue, "status": String($0.status.code)] },
        ]
        if let payload = operation.success.payload {
            values["payload"] = ["type": link(to: payload.schema), "example": shown(payload.example, payload.type)]
        }
        values["notes"] = DocumentText.notes(on: operation).map { ["note": prose($0)] }
        values["parameters"] = operation.parameters.map { parameter in
            [
                "name": parameter.name, "place": parameter.place.rawValue, "type": link(to: parameter.schema),
                "description": prose(parameter.description),
            ] as [String: Any]
        }
        if let content = operation.content {
            values["content"] =
                [
                    "types": content.types.joined(separator: ", "), "type": link(to: content.schema),
                    "example": shown(Array(content.example.utf8), content.types[0]),
                ] as [String: Any]
        }
        return values
    }

    private static func members(_ properties: [JSONSchema.Property]) -> [[String: Any]] {
        properties.map { property in
            // What has no name of its own is told where it stands. Empty lists are there too: a template would look for what
            // is not in what is around it.
            let within = inner(property.schema)
            return [
                "name": property.name, "type": link(to: property.schema), "description": prose(property.description),
                "isOptional": !property.isRequired,
                "within": within.name == nil ? members(within.properties) : [],
            ]
        }
    }

    /// The schema of a list's items, or of the value itself.
    private static func inner(_ schema: JSONSchema) -> JSONSchema {
        if case .list(let element, _) = schema.shape { inner(element) } else { schema }
    }

    /// What a type is called, with a link to it where it has a name.
    private static func link(to schema: JSONSchema) -> [String: Any] {
        let element = inner(schema)
        var values: [String: Any] = ["words": words(schema)]
        if let name = element.name { values["reference"] = name }
        return values
    }

    private static func words(_ schema: JSONSchema) -> String {
        var words: String
        switch schema.shape {
        case .anything: words = "any JSON"
        case .boolean: words = "true or false"
        case .integer(let range):
            words = range.map { "whole number, \($0.lowerBound)–\($0.upperBound)" } ?? "whole number"
        case .number: words = "number"
        case .string:
            words =
                schema.choices.map { $0.joined(separator: " | ") } ?? schema.identifies.map { "id of a \($0)" }
                ?? format(schema)
        case .list(let element, let count):
            words =
                "list of \(element.name ?? self.words(element))" + (count.map { ", at most \($0.upperBound)" } ?? "")
        case .map(let value, _, _): words = "object of \(self.words(value)) by name"
        case .object: words = schema.name ?? "object"
        }
        return schema.isNullable ? words + ", or null" : words
    }

    private static func format(_ schema: JSONSchema) -> String {
        switch schema.format {
        case "date-time": "time"
        case "date": "day"
        case "uuid": "id"
        default: schema.length.map { "text, at most \($0.upperBound) characters" } ?? "text"
        }
    }

    /// Text with code between backquotes and what is stressed between pairs of stars, in pieces.
    /// A paragraph, or a table where its lines begin with a bar.
    private static func block(_ text: Substring) -> [String: Any] {
        guard text.hasPrefix("|") else { return ["paragraph": ["pieces": prose(text)]] }
        let rows = text.split(separator: "\n").map { line in
            line.split(separator: "|").map { ["pieces": prose($0.trimmingCharacters(in: .whitespaces))] }
        }
        // The second line only says that the first is the head.
        return ["table": ["head": rows[0], "rows": rows.dropFirst(2).map { ["cells": $0] }]]
    }

    private static func prose(_ text: some StringProtocol) -> [[String: Any]] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated().flatMap { index, piece in
            index % 2 == 1 ? [["mono": String(piece)]] : stressed(String(piece))
        }
    }

    private static func stressed(_ text: String) -> [[String: Any]] {
        text.split(separator: "**", omittingEmptySubsequences: false).enumerated().map { index, piece in
            index % 2 == 1 ? ["strong": String(piece)] : ["plain": String(piece)]
        }
    }

    /// JSON as people read it, everything else as it is.
    private static func shown(_ example: [UInt8], _ type: String) -> String {
        type.hasSuffix("json") ? pretty(example) : String(decoding: example, as: UTF8.self)
    }

    private static func pretty(_ json: [UInt8]) -> String {
        do {
            let node = try JSONDecoder().decode(JSONNode.self, from: Data(json))
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(node), as: UTF8.self)
        } catch {
            fatalError("an example is no JSON: \(error)")
        }
    }
}
