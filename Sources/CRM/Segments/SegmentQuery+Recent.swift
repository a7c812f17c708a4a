import Foundation
import Postgres

/// Whether there was any order, or any interaction, in the last days. When the last one was stands in the summary, which so says it
/// of nearly everybody; rows are looked for only of those who have one in days to come.
extension SegmentQuery {
    /// `nil` for comparisons that ask for something else.
    mutating func testRecent(_ comparison: SegmentRule.Comparison) -> SQL? {
        guard case .field(let field) = comparison.subject, let days = comparison.narrowing.lastDays,
            comparison.narrowing == SegmentNarrowing(lastDays: days), let isThere = comparison.asksWhetherAny
        else { return nil }
        let found: SQL
        switch field {
        case .orderCount:
            let (last, before, today) = (summary("v.last_ordered_on"), terms.day(-days), terms.today)
            found = """
                \(last) > \(before) AND (\(last) <= \(today) OR EXISTS (
                    SELECT FROM crm.customer_order k WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id)
                        AND k.deleted_at IS NULL AND k.ordered_on > \(before) AND k.ordered_on <= \(today)))
                """
        case .interactionCount:
            let last = summary("v.last_interaction_at")
            let (start, end) = (terms.start(of: terms.day(1 - days)), terms.start(of: terms.day(1)))
            found = """
                \(last) >= \(start) AND (\(last) < \(end) OR EXISTS (
                    SELECT FROM crm.interaction k WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id)
                        AND k.deleted_at IS NULL AND k.happened_at >= \(start) AND k.happened_at < \(end)))
                """
        default: return nil
        }
        return isThere ? decided(found) : "NOT coalesce(\(found), false)"
    }
}
