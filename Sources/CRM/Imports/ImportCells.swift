import Foundation

/// The cells of one row by their columns. What is wrong with them is reported as they are read.
struct ImportCells<Column: ImportColumn> {
    /// Where the row's values are.
    private enum Values {
        case csv(ImportHeader<Column>)
        case json([String: JSONNode])
    }

    private let limits: ImportLimits
    private let row: CSVRow
    private var values: Values
    private(set) var errors: ImportErrors

    /// - Parameter header: `nil` where a row is a JSON object.
    init(_ row: CSVRow, _ header: ImportHeader<Column>?, _ options: ImportOptions, _ limits: ImportLimits) {
        (self.row, self.limits) = (row, limits)
        errors = ImportErrors(limit: limits.maximumErrors)
        guard let header else {
            values = .json([:])
            values = .json(object(options))
            return
        }
        values = .csv(header)
        checkShape(header)
    }

    /// The line on which the row begins.
    var line: Int { row.line }

    /// Reports what is wrong with a row that has not the header's shape.
    private mutating func checkShape(_ header: ImportHeader<Column>) {
        if row.hasQuoteFault {
            for index in 0..<min(row.count, limits.maximumColumns) {
                if case .faulty(let fault) = row.cell(index), fault == .strayQuote || fault == .unterminatedQuote {
                    errors.report(fault, row: line, column: header.name(at: index), limits)
                }
            }
        } else if row.count != header.width {
            errors.report(
                row: line, column: nil, "cell_count", "The row has \(row.count) cells, the header \(header.width).")
        }
    }

    // MARK: JSON

    /// The object that the row is, with the names of columns for members: those of objects in it behind a dot.
    private mutating func object(_ options: ImportOptions) -> [String: JSONNode] {
        let text: String
        switch row.cell(0) {
        case .empty: return [:]
        case .faulty(let fault):
            errors.report(fault, row: line, column: nil, limits)
            return [:]
        case .text(let found): text = found
        }
        let members: [String: JSONNode]
        do {
            guard case .object(let object) = try JSONDecoder().decode(JSONNode.self, from: Data(text.utf8)) else {
                errors.report(row: line, column: nil, "type", "Expected a JSON object.")
                return [:]
            }
            guard object.values.allSatisfy(\.isStorable), object.keys.allSatisfy({ !$0.utf8.contains(0) }) else {
                errors.report(.zeroByte, row: line, column: nil, limits)
                return [:]
            }
            members = object
        } catch {
            errors.report(row: line, column: nil, "malformed", "The line is no JSON.")
            return [:]
        }
        var values: [String: JSONNode] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) { note(name, value, options, &values) }
        return values
    }

    private mutating func note(
        _ name: String, _ value: JSONNode, _ options: ImportOptions, _ values: inout [String: JSONNode]
    ) {
        let mapped = options.columns[name]
        if case .some(.none) = mapped { return }
        let known = (mapped ?? name) ?? name
        if ImportNotes.passedOver.contains(known) { return }
        if case .object(let inner) = value, Column.allCases.contains(where: { $0.name == known && $0.family != nil }) {
            for (member, value) in inner.sorted(by: { $0.key < $1.key }) {
                note("\(known).\(member)", value, options, &values)
            }
            return
        }
        guard let (column, member) = Column.named(known) else {
            errors.report(
                row: line, column: nil, "unknown_column",
                "There is no member \"\(name.prefix(100))\". The members are \(Column.allNames).")
            return
        }
        if column.family != nil, member == nil, value != .null {
            errors.report(row: line, column: column.name, "type", "Expected an object.")
        }
        let place = member.map { "\(column.name).\($0)" } ?? column.name
        if values[place] != nil {
            errors.report(row: line, column: place, "duplicate_column", "The member stands twice.")
        }
        values[place] = value
    }

    // MARK: Values

    /// The cell's text; `nil` when it is empty, when the file lacks the column, and when it is bad, which is reported.
    mutating func text(_ column: Column) -> String? {
        switch values {
        case .csv(let header):
            guard let position = header.position(of: column) else { return nil }
            return text(at: position, column.name, isRequired: column.isRequired)
        case .json(let values):
            guard let value = values[column.name], let text = text(of: value, column.name) else {
                if column.isRequired, errors.isEmpty { report(column, "required", "The member is missing.") }
                return nil
            }
            return text
        }
    }

    private mutating func text(at position: Int, _ name: String, isRequired: Bool = false) -> String? {
        switch row.cell(position) {
        case .empty:
            if isRequired { errors.report(row: line, column: name, "required", "The cell is empty.") }
            return nil
        // What an export wrote before a text that a spreadsheet would take for a formula.
        case .text(let text): return Formula.bared(text)
        case .faulty(let fault):
            errors.report(fault, row: line, column: name, limits)
            return nil
        }
    }

    private mutating func text(of value: JSONNode, _ name: String) -> String? {
        switch value {
        case .null: return nil
        case .string(let text):
            if text.utf8.contains(0) {
                errors.report(.zeroByte, row: line, column: name, limits)
                return nil
            }
            return text.isEmpty ? nil : text
        case .number(let number): return "\(number)"
        case .bool(let flag): return flag ? "yes" : "no"
        case .array, .object:
            errors.report(row: line, column: name, "type", "Expected a string.")
            return nil
        }
    }

    /// The cell's text if it passes the rule.
    mutating func text(
        _ column: Column, _ rule: (String, (_ code: String, _ detail: String) -> Void) -> Void
    ) -> String? {
        guard let text = text(column) else { return nil }
        var isGood = true
        rule(text) { code, detail in
            isGood = false
            report(column, code, detail)
        }
        return isGood ? text : nil
    }

    /// What the cell's text stands for; `detail` says what would have been right.
    mutating func value<Value>(_ column: Column, _ detail: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(column) else { return nil }
        let value = parse(text)
        if value == nil { report(column, "invalid", detail) }
        return value
    }

    /// The texts of a list: those of a JSON array, or what stands between semicolons; each once.
    mutating func list(_ column: Column) -> [String] {
        if case .json(let values) = values { return list(values[column.name] ?? .null, column.name, isSplit: true) }
        return list(text(column).map { .string($0) } ?? .null, column.name, isSplit: true)
    }

    /// The same of what a family has.
    ///
    /// - Parameter isSplit: false where semicolons may stand within a text.
    mutating func list(_ column: Column, _ member: String, _ value: JSONNode, isSplit: Bool) -> [String] {
        list(value, "\(column.name).\(member)", isSplit: isSplit)
    }

    private mutating func list(_ value: JSONNode, _ name: String, isSplit: Bool) -> [String] {
        var texts: [String] = []
        if case .array(let items) = value {
            for item in items { if let text = text(of: item, name) { texts.append(text) } }
        } else if let text = text(of: value, name) {
            if let items = text.hasPrefix("[") ? array(text) : nil {
                texts = items
            } else if isSplit {
                texts = text.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty }
            } else {
                texts = [text]
            }
        }
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    /// `nil` for what is no JSON array of strings, and may be a text that looks like one.
    private func array(_ text: String) -> [String]? {
        do {
            let items = try JSONDecoder().decode([String].self, from: Data(text.utf8))
            return items.contains { $0.utf8.contains(0) } ? nil : items
        } catch {
            return nil
        }
    }

    /// What the columns of a family have, by what stands behind the dot.
    mutating func family(_ column: Column) -> [(name: String, value: JSONNode)] {
        switch values {
        case .csv(let header):
            var found: [(name: String, value: JSONNode)] = object(column, at: header.position(of: column))
            let named = Set(found.map(\.name))
            for member in header.members where member.column == column {
                if let text = text(at: member.position, "\(column.name).\(member.name)") {
                    if named.contains(member.name) {
                        report(column, member.name, "duplicate_column", "It stands in the column \(column.name), too.")
                    }
                    found.append((member.name, .string(text)))
                }
            }
            return found
        case .json(let values):
            let prefix = "\(column.name)."
            return values.filter { $0.key.hasPrefix(prefix) && $0.value != .null }
                .map { (String($0.key.dropFirst(prefix.count)), $0.value) }.sorted { $0.name < $1.name }
        }
    }

    /// The members of the JSON object that is in a cell.
    private mutating func object(_ column: Column, at position: Int?) -> [(name: String, value: JSONNode)] {
        guard let position, let text = text(at: position, column.name) else { return [] }
        do {
            let object = try JSONDecoder().decode([String: JSONNode].self, from: Data(text.utf8))
            guard object.values.allSatisfy(\.isStorable) else {
                errors.report(.zeroByte, row: line, column: column.name, limits)
                return []
            }
            for name in object.keys.sorted() where column.family?.fault(of: name) != nil {
                errors.report(
                    row: line, column: column.name, "unknown", "\"\(name.prefix(100))\" can be no name in it.")
            }
            return object.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        } catch {
            report(column, "malformed", "Expected a JSON object.")
            return []
        }
    }

    /// The texts of a family that pass a rule.
    mutating func texts(_ column: Column, _ rule: TextRule) -> [String: String] {
        var texts: [String: String] = [:]
        for (name, value) in family(column) {
            guard let text = text(of: value, "\(column.name).\(name)") else { continue }
            if let fault = rule.fault(of: text) {
                errors.report(row: line, column: "\(column.name).\(name)", fault.code, fault.detail)
            } else {
                texts[name] = text
            }
        }
        return texts
    }

    /// The text of what a family has; `nil` when it is empty, and when it is bad, which is reported.
    mutating func text(_ column: Column, _ member: String, _ value: JSONNode) -> String? {
        text(of: value, "\(column.name).\(member)")
    }

    mutating func report(_ column: Column, _ code: String, _ detail: String) {
        errors.report(row: line, column: column.name, code, detail)
    }

    mutating func report(_ column: Column, _ member: String, _ code: String, _ detail: String) {
        errors.report(row: line, column: "\(column.name).\(member)", code, detail)
    }
}

extension JSONNode {
    /// Whether PostgreSQL can keep it: no zero byte in any text, and numbers that are some.
    fileprivate var isStorable: Bool {
        switch self {
        case .null, .bool: true
        case .number(let number): !number.isNaN
        case .string(let text): !text.utf8.contains(0)
        case .array(let items): items.allSatisfy(\.isStorable)
        case .object(let members): members.allSatisfy { !$0.key.utf8.contains(0) && $0.value.isStorable }
        }
    }
}
