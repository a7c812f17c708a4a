import Foundation

/// A rule that many businesses have a segment of, ready to be used.
public struct SegmentTemplate: Sendable {
    /// Such as `tier_a`.
    public let name: String
    public let title: LocalizedText
    public let description: LocalizedText
    public let rule: JSONNode
}

extension SegmentTemplate: JSONObject {
    public static let schemaName = "SegmentTemplate"
    public static let schemaDescription = "A rule that many businesses have a segment of, ready to be used."
    public static var example: SegmentTemplate { all[0] }

    public func members(_ json: inout JSONWriter) {
        json.member("name", name, "What it is called in programs.")
        json.member("title", title.texts, "What people call it, by language.")
        json.member("description", description.texts, "Whom it describes, by language.")
        json.member("rule", rule, "The rule: that of a new segment.")
    }
}

extension SegmentTemplate {
    /// Value tiers, groups by recency and frequency, and what customers answered.
    public static let all: [SegmentTemplate] = tiers + groups + answers

    private static func comparison(_ field: SegmentField, _ comparator: SegmentOperator, _ value: JSONNode) -> JSONNode
    {
        .object(["field": .string(field.rawValue), "op": .string(comparator.rawValue), "value": value])
    }

    private static let tiers: [SegmentTemplate] = ValueTier.allCases.map { tier in
        let (title, description): ([String: String], [String: String]) =
            switch tier {
            case .a:
                (
                    ["en": "Best customers", "fa": "بهترین مشتریان"],
                    ["en": "They bring the first 80 % of the revenue.", "fa": "۸۰ درصد نخست درآمد از آن‌هاست."]
                )
            case .b:
                (
                    ["en": "Middle customers", "fa": "مشتریان میانی"],
                    ["en": "They bring the next 15 % of the revenue.", "fa": "۱۵ درصد بعدی درآمد از آن‌هاست."]
                )
            case .c:
                (
                    ["en": "Small customers", "fa": "مشتریان کوچک"],
                    ["en": "They bring the last 5 % of the revenue.", "fa": "۵ درصد پایانی درآمد از آن‌هاست."]
                )
            }
        return SegmentTemplate(
            name: "tier_\(tier.rawValue)", title: LocalizedText(title), description: LocalizedText(description),
            rule: comparison(.tier, .eq, .string(tier.rawValue)))
    }

    private static let groups: [SegmentTemplate] = ValueGroup.allCases.map { group in
        let (title, description) = group.texts
        return SegmentTemplate(
            name: group.rawValue, title: LocalizedText(title), description: LocalizedText(description),
            rule: comparison(.group, .eq, .string(group.rawValue)))
    }

    private static let answers: [SegmentTemplate] = [
        SegmentTemplate(
            name: "promoters", title: LocalizedText(["en": "Promoters", "fa": "مروّجان"]),
            description: LocalizedText(["en": "They last gave 9 or 10.", "fa": "آخرین بار ۹ یا ۱۰ داده‌اند."]),
            rule: comparison(.nps, .gte, .number(9))),
        SegmentTemplate(
            name: "passives", title: LocalizedText(["en": "Passives", "fa": "منفعلان"]),
            description: LocalizedText(["en": "They last gave 7 or 8.", "fa": "آخرین بار ۷ یا ۸ داده‌اند."]),
            rule: .object([
                "all": .array([comparison(.nps, .gte, .number(7)), comparison(.nps, .lte, .number(8))])
            ])),
        SegmentTemplate(
            name: "detractors", title: LocalizedText(["en": "Detractors", "fa": "منتقدان"]),
            description: LocalizedText(["en": "They last gave 6 or less.", "fa": "آخرین بار ۶ یا کمتر داده‌اند."]),
            rule: comparison(.nps, .lte, .number(6))),
    ]
}

extension ValueGroup {
    fileprivate var texts: (title: [String: String], description: [String: String]) {
        switch self {
        case .champions:
            (
                ["en": "Champions", "fa": "قهرمانان"],
                ["en": "Bought lately, and often.", "fa": "به‌تازگی و زیاد خریده‌اند."]
            )
        case .loyal:
            (["en": "Loyal", "fa": "وفاداران"], ["en": "Buy often.", "fa": "زیاد می‌خرند."])
        case .potentialLoyalists:
            (
                ["en": "Potential loyalists", "fa": "وفاداران بالقوه"],
                ["en": "Bought lately, more than once.", "fa": "به‌تازگی و بیش از یک بار خریده‌اند."]
            )
        case .new:
            (
                ["en": "New customers", "fa": "مشتریان تازه"],
                ["en": "Bought lately, for the first time.", "fa": "به‌تازگی و برای نخستین بار خریده‌اند."]
            )
        case .promising:
            (
                ["en": "Promising", "fa": "امیدبخش"],
                ["en": "Bought seldom, not long ago.", "fa": "کم خریده‌اند، ولی نه خیلی پیش."]
            )
        case .needAttention:
            (
                ["en": "Need attention", "fa": "نیازمند توجه"],
                ["en": "Middling in recency and in frequency.", "fa": "در تازگی و تعداد خرید میانه‌اند."]
            )
        case .aboutToSleep:
            (
                ["en": "About to sleep", "fa": "در آستانهٔ فراموشی"],
                ["en": "Bought seldom, a while ago.", "fa": "کم خریده‌اند و مدتی گذشته است."]
            )
        case .atRisk:
            (
                ["en": "At risk", "fa": "در خطر"],
                ["en": "Bought often, and not for long.", "fa": "زیاد می‌خریدند و مدت‌هاست نخریده‌اند."]
            )
        case .cannotLose:
            (
                ["en": "Cannot lose them", "fa": "از دست‌ندادنی"],
                ["en": "Bought most often of all, and not for long.", "fa": "بیش از همه می‌خریدند و مدت‌هاست نخریده‌اند."]
            )
        case .hibernating:
            (
                ["en": "Hibernating", "fa": "خفته"],
                ["en": "Bought seldom, long ago.", "fa": "کم و خیلی پیش خریده‌اند."]
            )
        }
    }
}
