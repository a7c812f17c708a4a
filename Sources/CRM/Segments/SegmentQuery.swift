import Foundation
import Postgres

/// A rule as one SQL query over a tenant's customers, with every value a parameter.
///
/// The customer is `c`, and what the customer comes to is `v` (`crm.customer_summary`), which also has what most rules ask of the
/// customer: one of all customers that asks for nothing else reads `v` alone. Where a rule counts some orders or interactions and
/// not all of them, these are read: they are `o` and `i`, one row for each customer with any.
struct SegmentQuery {
    /// What a rule is read with.
    struct Terms: Sendable {
        let tenant: Tenant.ID
        /// The tenant's, which says what a day is.
        let zone: TimeZone
        /// What day it is there, by the database's clock.
        let today: LocalDate
        /// Amounts are of orders in the tenant's currency.
        let currency: String

        func day(_ days: Int) -> LocalDate { LocalDay.day(days, after: today) }
        func start(of day: LocalDate) -> Date { LocalDay.start(of: day, in: zone) }
    }

    let terms: Terms
    /// The customers that it is about; `nil` for all.
    let customers: [Customer.ID]?
    /// Whether a comparison may be unknown where it is false. It may in `WHERE`, unless it stands below `not`: conditions that
    /// say no more than they must are what PostgreSQL estimates well and makes inner joins of.
    private(set) var mayBeUnknown = false
    /// Whether there is no `c`.
    private(set) var isNarrow = false
    private var asksSummary = false
    private(set) var orders = SegmentSums()
    private(set) var interactions = SegmentSums()

    init(_ terms: Terms, customers: [Customer.ID]? = nil) {
        self.terms = terms
        self.customers = customers
    }

    /// The ids of the customers that the rule describes.
    ///
    /// - Parameter isExact: whether what stands of the customers themselves is asked, and not what was found out of them some time ago.
    static func matching(
        _ rule: SegmentRule, _ terms: Terms, customers: [Customer.ID]? = nil, isExact: Bool = false
    ) -> SQL {
        var query = SegmentQuery(terms, customers: customers)
        query.mayBeUnknown = true
        query.isNarrow = customers == nil && !isExact && rule.comparisons.allSatisfy(\.isNarrow)
        let condition = query.condition(rule.condition)
        return "SELECT \(query.id) AS id FROM \(query.source) AND \(condition)"
    }

    /// The customers and what is known of them, up to and with the first conditions of `WHERE`.
    var source: SQL {
        if isNarrow { return "crm.customer_summary v \(sums) WHERE v.tenant_id = \(terms.tenant)" }
        let summary: SQL = """
            LEFT JOIN crm.customer_summary v ON v.tenant_id = c.tenant_id AND v.customer_id = c.id \(only("v.customer_id"))
            """
        return """
            crm.customer c \(asksSummary ? summary : "") \(sums)
            WHERE c.tenant_id = \(terms.tenant) AND c.deleted_at IS NULL \(only("c.id"))
            """
    }

    var id: SQL { isNarrow ? "v.customer_id" : "c.id" }

    /// What the customer comes to.
    mutating func summary(_ value: SQL) -> SQL {
        asksSummary = true
        return value
    }

    /// That a column names one of the customers which the query is about.
    func only(_ column: SQL) -> SQL { customers.map { "AND \(column) = ANY (\($0))" } ?? "" }

    // MARK: The tree

    mutating func condition(_ condition: SegmentRule.Condition) -> SQL {
        switch condition {
        case .all(let parts): return "(\(SQL.joined(parts.map { self.condition($0) }, by: " AND ")))"
        case .any(let parts): return "(\(SQL.joined(parts.map { self.condition($0) }, by: " OR ")))"
        case .not(let part):
            let before = mayBeUnknown
            defer { mayBeUnknown = before }
            mayBeUnknown = false
            return "NOT \(self.condition(part))"
        case .comparison(let comparison): return test(comparison)
        }
    }

    // MARK: Sums of some

    /// The name of a sum of some orders or interactions.
    mutating func sum(_ field: SegmentField, _ narrowing: SegmentNarrowing) -> SQL {
        switch field.activity {
        case .interactions: "i.\(interactions.column(field, narrowing))"
        case .orders, nil: "o.\(orders.column(field, narrowing))"
        }
    }

    private var sums: SQL {
        "\(orders.isEmpty ? "" : orderSums) \(interactions.isEmpty ? "" : interactionSums)"
    }

    private var orderSums: SQL {
        let narrowing = orders.narrowing
        let columns = orders.columns.map { sum in
            let some = sum.narrowing == narrowing ? [] : conditions(ofOrders: sum.narrowing)
            let inCurrency: SQL = "o.currency = \(terms.currency)"
            let value: SQL =
                switch sum.field {
                case .orderAmount: "sum(o.amount - o.returned_amount)\(filter(some + [inCurrency]))"
                case .orderMargin: "sum(o.margin_amount)\(filter(some + [inCurrency]))"
                case .firstOrderedOn: "min(o.ordered_on)\(filter(some))"
                case .lastOrderedOn: "max(o.ordered_on)\(filter(some))"
                default: "count(*)\(filter(some))"
                }
            return "\(value) AS \(sum.name)" as SQL
        }
        return """
            LEFT JOIN (
                SELECT o.customer_id, \(SQL.joined(columns, by: ", ")) FROM crm.customer_order o
                WHERE o.tenant_id = \(terms.tenant) AND o.deleted_at IS NULL \(only("o.customer_id"))
                    \(and(conditions(ofOrders: narrowing)))
                GROUP BY o.customer_id
            ) o ON o.customer_id = \(id)
            """
    }

    private func conditions(ofOrders some: SegmentNarrowing) -> [SQL] {
        var conditions: [SQL] = []
        if let days = some.lastDays {
            conditions = ["o.ordered_on > \(terms.day(-days))", "o.ordered_on <= \(terms.today)"]
        }
        if !some.products.isEmpty {
            conditions.append(
                """
                EXISTS (SELECT FROM crm.order_line l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id
                    AND l.product_id = ANY (\(some.products)))
                """)
        }
        return conditions
    }

    private var interactionSums: SQL {
        let narrowing = interactions.narrowing
        let columns = interactions.columns.map { sum in
            let some = sum.narrowing == narrowing ? [] : conditions(ofInteractions: sum.narrowing)
            let value: SQL =
                switch sum.field {
                case .lastInteractionOn: "max(i.happened_at)\(filter(some))"
                case .satisfaction: "round(avg(i.satisfaction)\(filter(some)), 2)"
                default: "count(*)\(filter(some))"
                }
            return "\(value) AS \(sum.name)" as SQL
        }
        return """
            LEFT JOIN (
                SELECT i.customer_id, \(SQL.joined(columns, by: ", ")) FROM crm.interaction i
                WHERE i.tenant_id = \(terms.tenant) AND i.deleted_at IS NULL \(only("i.customer_id"))
                    \(and(conditions(ofInteractions: narrowing)))
                GROUP BY i.customer_id
            ) i ON i.customer_id = \(id)
            """
    }

    private func conditions(ofInteractions some: SegmentNarrowing) -> [SQL] {
        var conditions: [SQL] = []
        if let days = some.lastDays {
            conditions = [
                "i.happened_at >= \(terms.start(of: terms.day(1 - days)))",
                "i.happened_at < \(terms.start(of: terms.day(1)))",
            ]
        }
        if !some.kinds.isEmpty { conditions.append("i.kind = ANY (\(some.kinds))") }
        if !some.channels.isEmpty { conditions.append("i.channel = ANY (\(some.channels))") }
        if !some.departments.isEmpty { conditions.append("i.department_id = ANY (\(some.departments))") }
        if !some.touchpoints.isEmpty { conditions.append("i.touchpoint_id = ANY (\(some.touchpoints))") }
        if let isOpen = some.isOpen { conditions.append(isOpen ? "i.is_open" : "NOT i.is_open") }
        return conditions
    }

    private func and(_ conditions: [SQL]) -> SQL { SQL.joined(conditions.map { "AND \($0)" }, by: " ") }

    private func filter(_ conditions: [SQL]) -> SQL {
        conditions.isEmpty ? "" : " FILTER (WHERE \(SQL.joined(conditions, by: " AND ")))"
    }
}

/// The sums that a rule needs of one activity, each once.
struct SegmentSums {
    struct Column {
        let field: SegmentField
        let narrowing: SegmentNarrowing
        let name: SQL
    }

    private(set) var columns: [Column] = []

    var isEmpty: Bool { columns.isEmpty }

    /// What every row is that any of the sums is of: as the sums themselves say where they all say the same, else not older than the
    /// oldest.
    var narrowing: SegmentNarrowing {
        let all = columns.map(\.narrowing)
        if let first = all.first, all.allSatisfy({ $0 == first }) { return first }
        let days = all.map(\.lastDays)
        return SegmentNarrowing(lastDays: days.contains(nil) ? nil : days.compactMap(\.self).max())
    }

    mutating func column(_ field: SegmentField, _ narrowing: SegmentNarrowing) -> SQL {
        if let known = columns.first(where: { $0.field == field && $0.narrowing == narrowing }) { return known.name }
        // At most as many as there are comparisons in a rule.
        let name = Self.names[columns.count]
        columns.append(Column(field: field, narrowing: narrowing, name: name))
        return name
    }

    private static let names: [SQL] = {
        let digits: [SQL] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
        return digits.flatMap { tens in digits.map { SQL.joined(["sum_", tens, $0], by: "") } }
    }()
}

extension SegmentRule.Comparison {
    /// Whether it may be asked of rows beside the customer's.
    var isOfRows: Bool {
        switch subject {
        case .attribute: false
        case .field(let field): [.tags, .markets, .channels, .consents, .segments].contains(field)
        }
    }

    fileprivate var isNarrow: Bool {
        switch subject {
        case .attribute: false
        case .field(let field): field.isNarrow
        }
    }
}
