import Foundation
import JobQueue
import Postgres
import TestSupport

@testable import CRM

extension StatementCatalogue {
    var segments: [CatalogueGroup] {
        get throws {
            let (id, manual) = (filled.ruleSegment.id, filled.manualSegment.id)
            let zone = TimeZone(identifier: "Asia/Tehran") ?? .gmt
            let terms = SegmentQuery.Terms(
                tenant: tenant, zone: zone, today: LocalDay.day(of: Date(), in: zone), currency: settings.currency)
            let changed = SegmentValues(name: "Changed", kind: .rule, rule: filled.ruleSegment.values.rule)
            let rule = EvaluatedRule(id: id, rule: try SegmentRule(filled.ruleSegment.values.rule ?? .null))
            let customers = [filled.customer.id]
            return [
                CatalogueGroup(
                    try pages { SegmentStatements.list(tenant, $0) } + [
                        CatalogueEntry(SegmentStatements.find(tenant, id)),
                        CatalogueEntry(SegmentStatements.lock(tenant, id)),
                        CatalogueEntry(SegmentStatements.lockRules(tenant)),
                        CatalogueEntry(SegmentStatements.rules(tenant)),
                        CatalogueEntry(SegmentStatements.terms(tenant)),
                        CatalogueEntry(SegmentStatements.attributes(tenant)),
                        CatalogueEntry(SegmentStatements.isUsed(tenant, manual)),
                        CatalogueEntry(
                            try SegmentStatements.insert(tenant, .make(), SegmentValues(name: "New", kind: .manual))),
                        CatalogueEntry(try SegmentStatements.update(tenant, ruleSegment, changed)),
                        CatalogueEntry(SegmentStatements.remove(tenant, id)),
                    ]),
                CatalogueGroup([
                    CatalogueEntry(SegmentMemberStatements.known(tenant, customers)),
                    CatalogueEntry(SegmentMemberStatements.enteredAt(tenant, manual, filled.customer.id)),
                    CatalogueEntry(SegmentMemberStatements.remove(tenant, manual, filled.customer.id)),
                    CatalogueEntry(SegmentMemberStatements.add(tenant, manual, customers)),
                    CatalogueEntry(SegmentMemberStatements.removeAll(tenant, manual)),
                ]),
                CatalogueGroup(
                    try pages { SegmentMemberStatements.changes(tenant, of: manual, $0) }
                        + pages { SegmentMemberStatements.stays(tenant, of: filled.customer.id, $0) }),
                CatalogueGroup([
                    CatalogueEntry(EvaluationStatements.isRefreshWaiting(tenant)),
                    CatalogueEntry(EvaluationStatements.tryLock(tenant)),
                    CatalogueEntry(SegmentStatements.plan(anew: true)),
                    CatalogueEntry(SegmentStatements.makeRoom(for: rule.rule)),
                    CatalogueEntry(EvaluationStatements.hold(tenant, customers)),
                    CatalogueEntry(EvaluationStatements.summarise(tenant, currency: "IRR", customers)),
                    CatalogueEntry(EvaluationStatements.summarise(tenant, currency: "IRR", nil)),
                    CatalogueEntry(EvaluationStatements.rank(tenant)),
                    CatalogueEntry(EvaluationStatements.removeDeleted(tenant, customers), .nothing),
                    CatalogueEntry(EvaluationStatements.removeDeleted(tenant, nil), .nothing),
                    CatalogueEntry(EvaluationStatements.evaluate(terms, rule, customers).map { [$0] }),
                    CatalogueEntry(EvaluationStatements.evaluate(terms, rule, nil).map { [$0] }),
                    CatalogueEntry(ValueStatements.tiers(tenant)), CatalogueEntry(ValueStatements.cells(tenant)),
                ]),
                CatalogueGroup(
                    try SegmentField.allCases.flatMap { field in
                        let rule = try SegmentRule(everything(of: field))
                        return [
                            CatalogueEntry(SegmentStatements.count(terms, rule).map { [$0] }),
                            CatalogueEntry(SegmentStatements.sample(terms, rule).map { [$0] }),
                            CatalogueEntry(SegmentStatements.explanation(terms, rule, of: filled.customer.id)),
                            CatalogueEntry(
                                EvaluationStatements.evaluate(terms, EvaluatedRule(id: id, rule: rule), nil).map {
                                    [$0]
                                }),
                        ]
                    }),
                CatalogueGroup([
                    CatalogueEntry(SegmentStatements.count(terms, try SegmentRule(attributes)).map { [$0] })
                ]),
            ]
        }
    }

    /// A rule with every operator that the field takes, and with everything that narrows it.
    private func everything(of field: SegmentField) -> JSONNode {
        var comparisons = field.operators.map { comparator in
            Self.comparison(field.rawValue, comparator, value(of: field, comparator))
        }
        if let activity = field.activity {
            let narrowings: [[String: JSONNode]] =
                switch activity {
                case .orders:
                    [["last_days": .number(30)], ["product_ids": .array([.string(filled.product.id.description)])]]
                case .interactions:
                    [
                        ["last_days": .number(30), "is_open": .bool(true)],
                        ["kinds": .array([.string("call")]), "channels": .array([.string("phone")])],
                        [
                            "department_ids": .array([.string(filled.department.id.description)]),
                            "touchpoint_ids": .array([.string(filled.touchpoint.id.description)]),
                        ],
                    ]
                }
            comparisons += narrowings.flatMap { narrowing in
                [.eq, .gte].map { Self.comparison(field.rawValue, $0, value(of: field, $0), narrowing) }
            }
        }
        return .object(["any": .array(comparisons)])
    }

    private func value(of field: SegmentField, _ comparator: SegmentOperator) -> JSONNode {
        let one: JSONNode =
            switch field.domain {
            case .choice(let choices), .choices(let choices): .string(choices[0])
            case .text, .texts: .string("a")
            case .number: .number(1)
            case .day: .string("2026-01-01")
            case .identifier, .identifiers: .string(filled.market.id.description)
            }
        return switch comparator {
        case .exists: .bool(true)
        case .withinDays, .olderThanDays, .birthdayWithinDays: .number(7)
        case .in, .notIn: .array([one])
        default: one
        }
    }

    private var attributes: JSONNode {
        let days: [SegmentOperator] = [.withinDays, .olderThanDays]
        let ordered: [SegmentOperator] = [.eq, .ne, .gt, .gte, .lt, .lte]
        let comparisons: [(SegmentOperator, JSONNode)] =
            ordered.map { ($0, .number(1)) } + ordered.map { ($0, .string("2026-01-01")) }
            + days.map { ($0, .number(7)) }
            + [
                (.contains, .string("a")), (.exists, .bool(false)), (.eq, .bool(true)),
                (.in, .array([.number(1), .string("a"), .bool(true)])), (.notIn, .array([.string("b")])),
            ]
        return .object(["any": .array(comparisons.map { Self.comparison("attributes.club", $0, $1) })])
    }

    private static func comparison(
        _ field: String, _ comparator: SegmentOperator, _ value: JSONNode, _ narrowing: [String: JSONNode] = [:]
    ) -> JSONNode {
        let comparison: [String: JSONNode] = [
            "field": .string(field), "op": .string(comparator.rawValue), "value": value,
        ]
        return .object(comparison.merging(narrowing) { $1 })
    }
}
