import Foundation
import Postgres

/// Each comparison is true or false, so that `not` means what it says; where nothing depends on it (``mayBeUnknown``) it may be unknown
/// instead of false.
extension SegmentQuery {
    mutating func test(_ comparison: SegmentRule.Comparison) -> SQL {
        if let recent = testRecent(comparison) { return recent }
        switch comparison.subject {
        case .attribute(let name): return test("(c.attributes -> \(name)::text)", comparison)
        case .field(let field):
            switch field {
            case .tags, .markets: return isNarrow ? testRows(field, comparison) : testArray(field, comparison)
            case .channels, .consents, .segments: return testRows(field, comparison)
            case .name where comparison.comparator == .contains:
                guard case .texts(let texts) = comparison.operand else { return "false" }
                return "strpos(c.search_name, crm.normalise(\(texts[0]))) > 0"
            default:
                // 0 that the comparison is not true of, and unknown, are the same here.
                let isZeroNeeded = !mayBeUnknown || comparison.mayHoldOfZero
                let value = value(of: field, comparison.narrowing, orZero: isZeroNeeded)
                if field.isMoment, comparison.comparator != .exists {
                    return moment(value, comparison.comparator, comparison.operand)
                }
                return testValue(value, comparison)
            }
        }
    }

    /// What the comparison looks at, as JSON.
    mutating func shown(_ comparison: SegmentRule.Comparison) -> SQL {
        switch comparison.subject {
        case .attribute(let name): "(c.attributes -> \(name)::text)"
        case .field(.tags): "to_jsonb(c.tags)"
        case .field(.markets): "to_jsonb(c.market_ids)"
        case .field(let field):
            if let rows = rows(field, having: "") {
                "(SELECT coalesce(jsonb_agg(DISTINCT x.value), '[]') FROM (\(rows)) AS x (value))"
            } else {
                shown(value(of: field, comparison.narrowing), of: field)
            }
        }
    }

    private func shown(_ value: SQL, of field: SegmentField) -> SQL {
        field.isMoment ? "to_jsonb((\(value) AT TIME ZONE \(terms.zone.identifier))::date)" : "to_jsonb(\(value))"
    }

    /// A condition which is false where it would be unknown, if that matters.
    func decided(_ condition: SQL) -> SQL { mayBeUnknown ? "(\(condition))" : "coalesce(\(condition), false)" }

    // MARK: One value

    /// - Parameter orZero: whether it is to be 0 where there is nothing to count.
    private mutating func value(
        of field: SegmentField, _ narrowing: SegmentNarrowing, orZero: Bool = true
    ) -> SQL {
        let value = narrowing.isEmpty ? value(of: field) : sum(field, narrowing)
        return orZero && field.isCounted ? "coalesce(\(value), 0)" : value
    }

    private mutating func value(of field: SegmentField) -> SQL {
        switch field {
        case .kind: isNarrow ? "v.kind" : "c.kind"
        case .stage: isNarrow ? "v.stage" : "c.stage"
        case .name: "c.name"
        case .reference: "c.reference"
        case .language: isNarrow ? "v.language" : "c.language"
        case .timeZone: "c.time_zone"
        case .source: "c.source"
        case .owner: "c.owner_id"
        case .organisation: "c.organisation_id"
        case .birthDate: "c.birth_date"
        case .age: "date_part('year', age(\(terms.today)::timestamp, c.birth_date::timestamp))::numeric"
        case .createdOn: "c.created_at"
        case .stageChangedOn: "c.stage_changed_at"
        case .acquisitionCost: "CASE WHEN c.acquisition_currency = \(terms.currency) THEN c.acquisition_amount END"
        case .orderCount: summary("v.order_count")
        case .orderAmount: summary("v.order_amount")
        case .orderMargin: summary("v.order_margin")
        case .firstOrderedOn: summary("v.first_ordered_on")
        case .lastOrderedOn: summary("v.last_ordered_on")
        case .interactionCount: summary("v.interaction_count")
        case .lastInteractionOn: summary("v.last_interaction_at")
        case .satisfaction: summary("v.satisfaction")
        case .nps: summary("v.nps")
        case .csat: summary("v.csat")
        case .ces: summary("v.ces")
        case .lastRespondedOn: summary("v.last_response_at")
        case .tier: summary("v.tier")
        case .recency: summary("v.recency")
        case .frequency: summary("v.frequency")
        case .money: summary("v.money")
        case .group: summary(ValueGroup.sql)
        // Of which a customer has several.
        case .tags, .markets, .channels, .consents, .segments: "NULL"
        }
    }

    private func testValue(_ value: SQL, _ comparison: SegmentRule.Comparison) -> SQL {
        let operand: SQL =
            switch comparison.operand {
            case .texts(let texts): "\(texts)"
            case .identifiers(let ids): "\(ids)"
            case .number(let number): comparison.isOfCount ? whole(number) : "\(number)::numeric"
            case .day(let day): "\(day)"
            case .days, .flag, .values: "NULL"
            }
        switch (comparison.comparator, comparison.operand) {
        case (.exists, .flag(let isThere)):
            return isThere ? "(\(value) IS NOT NULL)" : "(\(value) IS NULL)"
        case (.eq, .texts), (.in, .texts), (.eq, .identifiers), (.in, .identifiers):
            return decided("\(value) = ANY (\(operand))")
        case (.ne, .texts), (.notIn, .texts), (.ne, .identifiers), (.notIn, .identifiers):
            return "coalesce(\(value) <> ALL (\(operand)), true)"
        case (.contains, .texts(let texts)):
            return decided("strpos(lower(\(value)), lower(\(texts[0]))) > 0")
        case (.withinDays, .days(let days)):
            return decided("\(value) > \(terms.day(-days)) AND \(value) <= \(terms.today)")
        case (.olderThanDays, .days(let days)): return decided("\(value) <= \(terms.day(-days))")
        case (.birthdayWithinDays, .days(let days)): return birthday(value, within: days)
        case (.ne, _): return "coalesce(\(value) <> \(operand), true)"
        case (let comparator, _): return decided("\(value) \(comparator.sign) \(operand)")
        }
    }

    /// A moment, by the day that it is in. Only its bounds are worked out, so that the column is compared as it is.
    private func moment(_ value: SQL, _ comparator: SegmentOperator, _ operand: SegmentRule.Operand) -> SQL {
        func start(_ day: LocalDate) -> SQL { "\(terms.start(of: day))" }
        let (first, next): (LocalDate, LocalDate) =
            switch (comparator, operand) {
            case (.withinDays, .days(let days)): (terms.day(1 - days), terms.day(1))
            case (_, .days(let days)): (terms.day(1 - days), terms.day(1 - days))
            case (_, .day(let day)): (day, LocalDay.day(1, after: day))
            default: (terms.today, terms.today)
            }
        return switch comparator {
        case .ne: "coalesce(\(value) < \(start(first)) OR \(value) >= \(start(next)), true)"
        case .gt: decided("\(value) >= \(start(next))")
        case .gte: decided("\(value) >= \(start(first))")
        case .lt, .olderThanDays: decided("\(value) < \(start(first))")
        case .lte: decided("\(value) < \(start(next))")
        default: decided("\(value) >= \(start(first)) AND \(value) < \(start(next))")
        }
    }

    /// A day of birth that comes round today or on one of the days after it. Who was born on 29 February has the 28th where there
    /// is none.
    private func birthday(_ value: SQL, within days: Int) -> SQL {
        let dates = (0..<min(days, 366)).flatMap { ahead -> [Int32] in
            let (year, month, day) = terms.day(ahead).components
            let hasLeapDay = LocalDate(year: year, month: 2, day: 29) != nil
            return [Int32(month * 100 + day)] + (month == 2 && day == 28 && !hasLeapDay ? [229] : [])
        }
        return """
            coalesce((date_part('month', \(value)) * 100 + date_part('day', \(value)))::integer = ANY (\(dates)), false)
            """
    }

    /// As what counts are: a number with a fraction is none of them.
    private func whole(_ number: Decimal) -> SQL {
        guard let whole = Int(exactly: (number as NSDecimalNumber).doubleValue), Decimal(whole) == number else {
            return "\(number)::numeric"
        }
        return "\(whole)"
    }

    // MARK: Attributes

    private func test(_ value: SQL, _ comparison: SegmentRule.Comparison) -> SQL {
        typealias Attribute = AttributeCondition
        let text = Attribute.text(value)
        switch (comparison.comparator, comparison.operand) {
        case (.exists, .flag(let isThere)):
            let there: SQL = "coalesce(\(value) <> 'null', false)"
            return isThere ? there : "NOT \(there)"
        case (.eq, .values(let nodes)), (.in, .values(let nodes)):
            return "coalesce(\(value) = ANY (\(nodes.texts)::text[]::jsonb[]), false)"
        case (_, .values(let nodes)): return "coalesce(\(value) <> ALL (\(nodes.texts)::text[]::jsonb[]), true)"
        case (_, .texts(let texts)):
            return Attribute.when(value, is: "string", "strpos(lower(\(text)), lower(\(texts[0]))) > 0")
        case (let comparator, .number(let number)): return Attribute.number(value, comparator.sign, number)
        case (let comparator, .day(let day)): return Attribute.day(value, comparator.sign, day)
        case (.withinDays, .days(let days)):
            return Attribute.when(
                value, is: "string",
                """
                \(text) ~ \(Attribute.day) AND \(text) COLLATE "C" > \(terms.day(-days).description)
                    AND \(text) COLLATE "C" <= \(terms.today.description)
                """)
        case (_, .days(let days)): return Attribute.day(value, "<=", terms.day(-days))
        case (_, .identifiers), (_, .flag): return "false"
        }
    }
}

extension SegmentField {
    /// Of nothing there is none, where other sums of nothing are not there.
    fileprivate var isCounted: Bool { [.orderCount, .orderAmount, .interactionCount].contains(self) }

    /// Days that stand as moments.
    fileprivate var isMoment: Bool {
        [.createdOn, .stageChangedOn, .lastInteractionOn, .lastRespondedOn].contains(self)
    }
}

extension SegmentOperator {
    fileprivate var sign: SQL {
        switch self {
        case .ne: "<>"
        case .gt: ">"
        case .gte: ">="
        case .lt: "<"
        case .lte: "<="
        default: "="
        }
    }
}

extension [JSONNode] {
    fileprivate var texts: [String] { map { String(decoding: JSONWriter.bytes(of: $0), as: UTF8.self) } }
}
