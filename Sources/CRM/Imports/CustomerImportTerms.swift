import Foundation
import Postgres

/// What the customers of a file are found again by.
enum CustomerImportKey: Sendable, Equatable {
    case reference, email, phone, id
    /// The number in another system.
    case system(String)

    static let detail = "The customer is found by it."

    /// - Parameter text: one that ``ImportOptions/keyRule`` lets pass.
    init(_ text: String) {
        switch text {
        case "reference": self = .reference
        case "email": self = .email
        case "phone": self = .phone
        case "id": self = .id
        default: self = .system(String(text.dropFirst("references.".count)))
        }
    }

    var column: String {
        switch self {
        case .reference: "reference"
        case .email: "email"
        case .phone: "phone"
        case .id: "id"
        case .system(let name): "references.\(name)"
        }
    }
}

/// What the business has that a file of customers may name.
struct CustomerImportTerms: Sendable {
    let key: CustomerImportKey
    let currency: String
    let language: String
    /// In which days of the file are.
    let zone: TimeZone
    /// Whether the file may have more than the columns that nearly all have.
    let hasDetails: Bool
    /// The business's own attributes, by name; empty where anything is allowed.
    let attributes: [String: CustomerAttributeValues]
    /// By id and by name; `nil` for a name that several have.
    let markets: [String: UUID?]
    /// By e-mail address.
    let owners: [String: UUID]

    func market(_ name: String, _ cells: inout ImportCells<CustomerRecord.Column>) -> UUID? {
        switch markets[name.lowercased()] {
        case .some(.some(let id)): return id
        case .some(.none):
            cells.report(.markets, "ambiguous", "Several markets are called \"\(name.prefix(100))\": name its id.")
        case .none: cells.report(.markets, "not_found", "There is no market \"\(name.prefix(100))\".")
        }
        return nil
    }

    func owner(_ address: String, _ cells: inout ImportCells<CustomerRecord.Column>) -> UUID? {
        if let id = owners[address.lowercased()] { return id }
        cells.report(.owner, "not_found", "No member has the address \"\(address.prefix(100))\".")
        return nil
    }

    /// An attribute's value, of a text as its type has it.
    func attribute(
        _ name: String, _ value: JSONNode, _ cells: inout ImportCells<CustomerRecord.Column>
    ) -> JSONNode? {
        if attributes.isEmpty { return value }
        guard let attribute = attributes[name] else {
            cells.report(.attributes, name, "unknown", "There is no such attribute.")
            return nil
        }
        let text: String? = if case .string(let text) = value { text } else { nil }
        let found: JSONNode? =
            switch (attribute.type, value) {
            case (.text, .string(let text)): text.unicodeScalars.count <= 1000 ? value : nil
            case (.number, .number), (.boolean, .bool): value
            case (.number, _): text.flatMap { Decimal(plain: $0) }.map { .number($0) }
            case (.boolean, _):
                switch text?.lowercased() {
                case "yes", "true", "1", "بله", "بلی": .bool(true)
                case "no", "false", "0", "خیر", "نه": .bool(false)
                default: nil
                }
            case (.day, _): text.flatMap { PlainNumber.day($0, from: 1000) }.map { .string($0.description) }
            case (.choice, .string(let text)): attribute.choices.contains(text) ? value : nil
            default: nil
            }
        if found == nil { cells.report(.attributes, name, "type", Self.detail(of: attribute)) }
        return found
    }

    private static func detail(of attribute: CustomerAttributeValues) -> String {
        switch attribute.type {
        case .text: "At most 1000 characters."
        case .number: "A number."
        case .boolean: "yes or no."
        case .day: "A day as YYYY-MM-DD."
        case .choice: "One of \(attribute.choices.joined(separator: ", "))."
        }
    }
}
