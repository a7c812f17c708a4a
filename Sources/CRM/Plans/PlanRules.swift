import Foundation

/// What values a plan may have.
public enum PlanRules {
    public static let name = TextRule.words(200)
    public static let description = TextRule.words(4000)
    public static let action = TextRule.words(1000)
    public static let objective = TextRule.words(1000)
    public static let title = TextRule.words(500)
    public static let department = TextRule.words(200)
    public static let maximumActions = 50
    public static let maximumObjectives = 50
    public static let maximumActivities = 200

    static func faults(name: String, _ content: PlanContent) -> [FieldError] {
        var errors: [FieldError] = []
        func count(_ count: Int, _ pointer: String, _ most: Int) {
            if count > most { errors.append(FieldError(pointer, "too_many", "At most \(most).")) }
        }
        self.name.check(name, "/name", into: &errors)
        for (name, element) in content.elements.named {
            description.check(element.description, "/elements/\(name)/description", into: &errors)
            count(element.actions.count, "/elements/\(name)/actions", maximumActions)
            for (index, action) in element.actions.enumerated() {
                self.action.check(action, "/elements/\(name)/actions/\(index)", into: &errors)
            }
        }
        count(content.objectives.count, "/objectives", maximumObjectives)
        for (index, objective) in content.objectives.enumerated() {
            self.objective.check(objective, "/objectives/\(index)", into: &errors)
        }
        if let budget = content.budget {
            if budget.amount < 0 { errors.append(FieldError("/budget/amount", "range", "Zero or more.")) }
            TextRule.currency.check(budget.currency, "/budget/currency", into: &errors)
        }
        count(content.activities.count, "/activities", maximumActivities)
        for (index, activity) in content.activities.enumerated() {
            title.check(activity.title, "/activities/\(index)/title", into: &errors)
            if let department = activity.department {
                self.department.check(department, "/activities/\(index)/department", into: &errors)
            }
            if let starts = activity.startsOn, let ends = activity.endsOn, ends < starts {
                errors.append(FieldError("/activities/\(index)/ends_on", "range", "Not before starts_on."))
            }
        }
        return errors
    }
}
