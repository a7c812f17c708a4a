import Foundation

/// What a rule can ask of a customer.
enum SegmentField: String, Sendable, CaseIterable {
    case kind, stage, name, reference, language, source, age, markets, tags, channels, consents, segments
    case timeZone = "time_zone"
    case owner = "owner_id"
    case organisation = "organisation_id"
    case birthDate = "birth_date"
    case createdOn = "created_on"
    case stageChangedOn = "stage_changed_on"
    case acquisitionCost = "acquisition_cost"
    case orderCount = "orders.count"
    case orderAmount = "orders.amount"
    case orderMargin = "orders.margin"
    case firstOrderedOn = "orders.first_on"
    case lastOrderedOn = "orders.last_on"
    case interactionCount = "interactions.count"
    case lastInteractionOn = "interactions.last_on"
    case satisfaction = "interactions.satisfaction"
    case nps = "scores.nps"
    case csat = "scores.csat"
    case ces = "scores.ces"
    case lastRespondedOn = "scores.last_on"
    case tier = "value.tier"
    case recency = "value.recency"
    case frequency = "value.frequency"
    case money = "value.money"
    case group = "value.group"

    /// What the values of a field are, and so how they compare.
    enum Domain: Sendable {
        case choice([String])
        case text
        case identifier(ObjectLink.Target)
        case number
        case day
        /// A customer has several.
        case choices([String])
        case texts
        case identifiers(ObjectLink.Target)
    }

    var domain: Domain {
        switch self {
        case .kind: .choice(Customer.Kind.allCases.map(\.rawValue))
        case .stage: .choice(Customer.Stage.allCases.map(\.rawValue))
        case .tier: .choice(ValueTier.allCases.map(\.rawValue))
        case .group: .choice(ValueGroup.allCases.map(\.rawValue))
        case .name, .reference, .language, .timeZone, .source: .text
        case .owner: .identifier(.member)
        case .organisation: .identifier(.organisation)
        case .birthDate, .createdOn, .stageChangedOn, .firstOrderedOn, .lastOrderedOn, .lastInteractionOn,
            .lastRespondedOn:
            .day
        case .age, .acquisitionCost, .orderCount, .orderAmount, .orderMargin, .interactionCount, .satisfaction, .nps,
            .csat, .ces, .recency, .frequency, .money:
            .number
        case .markets: .identifiers(.market)
        case .segments: .identifiers(.segment)
        case .tags: .texts
        case .channels, .consents: .choices(ContactPoint.Channel.allCases.map(\.rawValue))
        }
    }

    /// What is summed up for the field, which a rule may narrow to some of it.
    var activity: SegmentActivity? {
        switch self {
        case .orderCount, .orderAmount, .orderMargin, .firstOrderedOn, .lastOrderedOn: .orders
        case .interactionCount, .lastInteractionOn, .satisfaction: .interactions
        default: nil
        }
    }

    /// Whether it is told by the customer's summary, or by rows of its own, and so without the customer.
    var isNarrow: Bool {
        switch self {
        case .name, .reference, .timeZone, .source, .owner, .organisation, .birthDate, .age, .createdOn,
            .stageChangedOn,
            .acquisitionCost:
            false
        default: true
        }
    }

    /// What one must be allowed to read to be told the value.
    var scope: Scope? {
        switch self {
        case .tier, .recency, .frequency, .money, .group: .ordersRead
        case .nps, .csat, .ces, .lastRespondedOn: .responsesRead
        default:
            switch activity {
            case .orders: .ordersRead
            case .interactions: .interactionsRead
            case nil: nil
            }
        }
    }
}

/// What happens with customers, and rules count.
enum SegmentActivity: Sendable, Hashable { case orders, interactions }

/// Which orders or interactions a comparison is about: all unless it says otherwise.
struct SegmentNarrowing: Sendable, Hashable {
    /// Today and the days before it, so many in all.
    var lastDays: Int?
    /// Orders of any of them.
    var products: [UUID] = []
    var kinds: [String] = []
    var channels: [String] = []
    var departments: [UUID] = []
    var touchpoints: [UUID] = []
    var isOpen: Bool?

    var isEmpty: Bool { self == SegmentNarrowing() }
}

/// How a value is compared. Nothing compares with what is not there, but for ``ne`` and ``notIn``, which are true of it.
enum SegmentOperator: String, Sendable, CaseIterable {
    case eq, ne, `in`, gt, gte, lt, lte, contains, exists
    case notIn = "not_in"
    /// Today or one of the days before it, so many in all.
    case withinDays = "within_days"
    /// Before those.
    case olderThanDays = "older_than_days"
    /// The day of birth comes round today or on one of the days after it, so many in all.
    case birthdayWithinDays = "birthday_within_days"
}

extension SegmentField {
    var operators: [SegmentOperator] {
        switch domain {
        case .choice, .identifier: [.eq, .ne, .in, .notIn, .exists]
        case .text: [.eq, .ne, .in, .notIn, .contains, .exists]
        case .number: [.eq, .ne, .gt, .gte, .lt, .lte, .exists]
        case .day:
            [.eq, .ne, .gt, .gte, .lt, .lte, .withinDays, .olderThanDays, .exists]
                + (self == .birthDate ? [.birthdayWithinDays] : [])
        // Whether a customer is in any segment would depend on the segment that asks.
        case .identifiers(let target) where target.kind == Segment.kind: [.eq, .ne, .in, .notIn]
        case .choices, .texts, .identifiers: [.eq, .ne, .in, .notIn, .exists]
        }
    }
}
