/// When a schedule fires: the five fields of cron, minute, hour, day of the month, month and day of the week.
///
/// A field is `*`, a value, a range `10-50`, or a list of these; `/15` after `*` or a range takes every fifteenth
/// value, and after a value counts from there to the field's end. Months and days of the week also have names of three
/// letters. Days of the week are 0 to 7, where 0 and 7 are Sunday, and their ranges may pass the end of the week, as
/// `fri-mon` does. `L` is the last day of the month. `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`
/// and `@annually` stand for whole expressions.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    /// The expression as it was written, with one space between the fields. It parses to an equal value.
    public let description: String

    let minutes: CronField
    let hours: CronField
    let daysOfMonth: CronField
    let months: CronField
    let daysOfWeek: CronField

    /// The most bytes of text that are read. All that is legal is ASCII, so these are characters.
    private static let maximumLength = 200

    private static let macros = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// Throws a `CronError` that names the field and what is wrong with it. A date that no calendar has, such as
    /// 30 February, is no error: it has no next fire time.
    public init(_ text: String) throws(CronError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw CronError(field: "expression", detail: "is longer than \(Self.maximumLength) characters")
        }
        var fields = text.split { $0 == " " || $0 == "\t" }
        description = fields.joined(separator: " ")
        if let macro = fields.first, macro.hasPrefix("@"), fields.count == 1 {
            guard let meaning = Self.macros[macro.lowercased()] else {
                throw CronError(field: "expression", detail: "\(macro.debugDescription) is not a macro")
            }
            fields = meaning.split(separator: " ")
        }
        guard fields.count == 5 else {
            throw CronError(field: "expression", detail: "has \(fields.count) fields, not 5")
        }
        minutes = try CronUnit.minute.parse(fields[0])
        hours = try CronUnit.hour.parse(fields[1])
        daysOfMonth = try CronUnit.dayOfMonth.parse(fields[2])
        months = try CronUnit.month.parse(fields[3])
        daysOfWeek = try CronUnit.dayOfWeek.parse(fields[4])
    }
}

/// Why a text is no cron expression.
public struct CronError: Error, CustomStringConvertible, Sendable, Equatable {
    /// `minute`, `hour`, `day-of-month`, `month` or `day-of-week`; `expression` when no single field is at fault.
    public let field: String
    public let detail: String

    public var description: String { "\(field): \(detail)" }
}

/// What may stand in one of the five fields.
private struct CronUnit {
    let name: String
    let values: ClosedRange<Int>
    /// The values' names from the least value on.
    var names: [String] = []
    /// How many values there are before they begin again, where a range may pass the end.
    var cycle: Int?
    var allowsLast = false

    static let minute = CronUnit(name: "minute", values: 0...59)
    static let hour = CronUnit(name: "hour", values: 0...23)
    static let dayOfMonth = CronUnit(name: "day-of-month", values: 1...31, allowsLast: true)
    static let month = CronUnit(
        name: "month", values: 1...12,
        names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let dayOfWeek = CronUnit(
        name: "day-of-week", values: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], cycle: 7)

    func parse(_ text: Substring) throws(CronError) -> CronField {
        var field = CronField(isStarred: text.hasPrefix("*"))
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            if allowsLast, item == "L" || item == "l" {
                field.insert(CronField.lastDay)
                continue
            }
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            let step = parts.count == 2 ? try step(parts[1]) : nil
            let range = try range(parts[0], isOpen: step != nil)
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step ?? 1) {
                field.insert(cycle.map { value % $0 } ?? value)
            }
        }
        return field
    }

    /// - Parameter isOpen: whether a single value begins a range to the field's end, as it does before a step.
    private func range(_ text: Substring, isOpen: Bool) throws(CronError) -> ClosedRange<Int> {
        if text == "*" { return values }
        let bounds = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let lower = try value(bounds[0])
        guard bounds.count == 2 else { return lower...(isOpen ? values.upperBound : lower) }
        let upper = try value(bounds[1])
        if lower <= upper { return lower...upper }
        guard let cycle else { throw error("the range \(text) runs backwards") }
        return lower...(upper + cycle)
    }

    private func value(_ text: Substring) throws(CronError) -> Int {
        if let position = names.firstIndex(of: text.lowercased()) { return values.lowerBound + position }
        let value = try number(text)
        guard values.contains(value) else {
            throw error("\(text) is outside \(values.lowerBound)-\(values.upperBound)")
        }
        return value
    }

    /// A step longer than the field, such as `*/90` for every 90 minutes, is not what its writer thinks it is.
    private func step(_ text: Substring) throws(CronError) -> Int {
        let step = try number(text)
        let longest = cycle ?? values.count
        guard (1...longest).contains(step) else { throw error("the step \(text) is outside 1-\(longest)") }
        return step
    }

    private func number(_ text: Substring) throws(CronError) -> Int {
        if text.isEmpty { throw error("a value is missing") }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw error("\(text.debugDescription) is not a value")
        }
        return Int(text) ?? .max
    }

    private func error(_ detail: String) -> CronError {
        CronError(field: name, detail: detail)
    }
}
