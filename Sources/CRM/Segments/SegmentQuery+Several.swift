import Foundation
import Postgres

/// Fields of which a customer may have several values.
extension SegmentQuery {
    /// Found out once, and not for each customer.
    private func markets(below markets: [UUID]) -> SQL {
        "(SELECT crm.markets_below(\(terms.tenant), \(markets)))::uuid[]"
    }

    func testArray(_ field: SegmentField, _ comparison: SegmentRule.Comparison) -> SQL {
        let (column, operand): (SQL, SQL) =
            switch comparison.operand {
            case .texts(let texts): ("c.tags", "\(texts)")
            case .identifiers(let ids): ("c.market_ids", markets(below: ids))
            default: (field == .tags ? "c.tags" : "c.market_ids", "NULL")
            }
        return switch (comparison.comparator, comparison.operand) {
        case (.exists, .flag(let isThere)): isThere ? "(\(column) <> '{}')" : "(\(column) = '{}')"
        case (.ne, _), (.notIn, _): "NOT (\(column) && \(operand))"
        default: "(\(column) && \(operand))"
        }
    }

    /// What a customer has of a field that is in rows of its own.
    func rows(_ field: SegmentField, having condition: SQL) -> SQL? {
        switch field {
        case .tags:
            """
            SELECT k.tag FROM crm.customer_tag k
            WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id) \(condition)
            """
        case .markets:
            """
            SELECT k.market_id FROM crm.customer_market k
            WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id) \(condition)
            """
        case .channels:
            """
            SELECT k.channel FROM crm.contact_point k WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id)
                AND k.deleted_at IS NULL \(condition)
            """
        case .consents:
            """
            SELECT k.channel FROM crm.consent k
            WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id) AND k.is_granted \(condition)
            """
        case .segments:
            """
            SELECT k.segment_id FROM crm.segment_member k
            WHERE k.tenant_id = \(terms.tenant) AND k.customer_id = \(id) \(condition)
            """
        default: nil
        }
    }

    /// By rows that belong together, and not by a list: PostgreSQL reads a long list once for each customer.
    func testRows(_ field: SegmentField, _ comparison: SegmentRule.Comparison) -> SQL {
        let condition: SQL =
            switch comparison.operand {
            case .texts(let tags) where field == .tags: "AND k.tag = ANY (\(tags))"
            case .texts(let channels): "AND k.channel = ANY (\(channels))"
            case .identifiers(let ids) where field == .markets: "AND k.market_id = ANY (\(markets(below: ids)))"
            case .identifiers(let segments): "AND k.segment_id = ANY (\(segments))"
            default: ""
            }
        let found: SQL = "EXISTS (\(rows(field, having: condition) ?? ""))"
        return switch (comparison.comparator, comparison.operand) {
        case (.exists, .flag(false)), (.ne, _), (.notIn, _): "NOT \(found)"
        default: found
        }
    }
}
