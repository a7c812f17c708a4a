import Foundation
import Postgres

extension SegmentRule {
    /// What is wrong with how the rule asks for attributes, where the business has said which it keeps.
    func faults(with known: [CustomerAttributeValues]) -> [FieldError] {
        guard !known.isEmpty else { return [] }
        var errors: [FieldError] = []
        for use in attributes {
            guard let attribute = known.first(where: { $0.name == use.name }) else {
                let names = known.map { "attributes.\($0.name)" }.joined(separator: ", ")
                errors.append(FieldError("\(use.pointer)/field", "unknown", "The business keeps \(names)."))
                continue
            }
            let operators = attribute.type.operators
            guard operators.contains(use.comparator) else {
                let names = operators.map(\.rawValue).joined(separator: ", ")
                errors.append(
                    FieldError("\(use.pointer)/op", "operator", "attributes.\(use.name) takes \(names)."))
                continue
            }
            let isList = use.comparator == .in || use.comparator == .notIn
            for (index, value) in use.values.enumerated() {
                guard let fault = attribute.fault(of: value) else { continue }
                errors.append(
                    FieldError(isList ? "\(use.pointer)/value/\(index)" : "\(use.pointer)/value", fault.0, fault.1))
            }
        }
        return errors
    }
}

extension CustomerAttributeValues.Kind {
    fileprivate var operators: [SegmentOperator] {
        switch self {
        case .text: [.eq, .ne, .in, .notIn, .contains, .exists]
        case .choice: [.eq, .ne, .in, .notIn, .exists]
        case .number: [.eq, .ne, .in, .notIn, .gt, .gte, .lt, .lte, .exists]
        case .boolean: [.eq, .ne, .exists]
        case .day: [.eq, .ne, .in, .notIn, .gt, .gte, .lt, .lte, .withinDays, .olderThanDays, .exists]
        }
    }
}

extension CustomerAttributeValues {
    /// What keeps a value from being one of the attribute's.
    fileprivate func fault(of value: JSONNode) -> (String, String)? {
        switch (type, value) {
        case (.text, .string), (.number, .number), (.boolean, .bool): nil
        case (.choice, .string(let text)):
            choices.contains(text) ? nil : ("unknown", "One of \(choices.joined(separator: ", ")).")
        case (.day, .string(let text)): LocalDate(text) == nil ? ("type", "Expected a day as YYYY-MM-DD.") : nil
        case (.text, _), (.choice, _): ("type", "Expected a string.")
        case (.number, _): ("type", "Expected a number.")
        case (.boolean, _): ("type", "Expected true or false.")
        case (.day, _): ("type", "Expected a day as YYYY-MM-DD.")
        }
    }
}
