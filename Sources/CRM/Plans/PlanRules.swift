import Foundation

enum PlanRules {
    static func check(name: String, _ content: PlanContent) throws {
        var errors: [FieldError] = []
        func text(_ value: String, _ pointer: String, _ longest: Int) {
            if value.allSatisfy(\.isWhitespace) || value.unicodeScalars.count > longest {
                errors.append(FieldError(pointer, "length", "1 to \(longest) characters that are not all blank."))
            }
        }
        func count(_ count: Int, _ pointer: String, _ most: Int) {
            if count > most { errors.append(FieldError(pointer, "too_many", "At most \(most).")) }
        }
        text(name, "/name", 200)
        for (name, element) in content.elements.named {
            text(element.description, "/elements/\(name)/description", 4000)
            count(element.actions.count, "/elements/\(name)/actions", 50)
            for (index, action) in element.actions.enumerated() {
                text(action, "/elements/\(name)/actions/\(index)", 1000)
            }
        }
        count(content.objectives.count, "/objectives", 50)
        for (index, objective) in content.objectives.enumerated() { text(objective, "/objectives/\(index)", 1000) }
        if let budget = content.budget {
            if budget.amount < 0 { errors.append(FieldError("/budget/amount", "range", "Zero or more.")) }
            if budget.currency.wholeMatch(of: /[A-Z]{3}/) == nil {
                errors.append(FieldError("/budget/currency", "invalid", "An ISO 4217 code such as IRR."))
            }
        }
        count(content.activities.count, "/activities", 200)
        for (index, activity) in content.activities.enumerated() {
            text(activity.title, "/activities/\(index)/title", 500)
            if let starts = activity.startsOn, let ends = activity.endsOn, ends < starts {
                errors.append(FieldError("/activities/\(index)/ends_on", "range", "Not before starts_on."))
            }
        }
        if !errors.isEmpty { throw ServiceError.invalid(errors) }
    }
}
