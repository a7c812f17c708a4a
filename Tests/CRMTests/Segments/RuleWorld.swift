import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// A business with customers of all kinds, in the database and as a model of it.
struct RuleWorld {
    let business: Business
    /// What is asked, and by which field a rule knows the answers.
    let campaigns: [(field: SegmentField, scores: [Int], campaign: Campaign)]
    var customers: [ModelCustomer]
    var rules: RandomRules
    let model: RuleModel
    let terms: SegmentQuery.Terms

    static func make(_ business: Business, seed: UInt64) async throws -> RuleWorld {
        let zone = try #require(TimeZone(identifier: "Asia/Tehran"))
        let today = LocalDay.day(of: Date(), in: zone)
        let main = try await business.record(MarketValues(name: "Iran"))
        let sub = try await business.market(below: main)
        let other = try await business.record(MarketValues(name: "Abroad"))
        let products = [
            try await business.record(ProductValues(code: "1", name: "Pen")),
            try await business.record(ProductValues(code: "2", name: "Ink")),
        ]
        let member = try await business.member("Sara", roles: [.agent])
        var company = CustomerValues(name: "Ltd")
        company.kind = .organisation
        let organisation = try await business.customers.create(business.context, company)
        let segment = try await business.segment("Chosen", of: [])
        let buyers = try await business.segments.create(
            business.context,
            SegmentValues(
                name: "Actual", kind: .rule,
                rule: .object(["field": .string("stage"), "op": .string("eq"), "value": .string("actual")])))
        func campaign(_ metric: Metric, _ kind: SurveyQuestion.Kind) async throws -> Campaign {
            let survey = try await business.survey(metric.rawValue, metric: metric, kind: kind)
            return try await business.campaign(metric.rawValue, survey, to: segment)
        }
        let (departments, touchpoints) = try await places(business)
        var world = RuleWorld(
            business: business,
            campaigns: [
                (.nps, [0, 3, 9], try await campaign(.nps, .nps)),
                (.csat, [1, 3, 5], try await campaign(.csat, .csat)),
                (.ces, [1, 5, 7], try await campaign(.ces, .ces)),
            ], customers: [],
            rules: RandomRules(
                random: SplitMix64(seed: seed), today: today,
                markets: [main, sub, other].map(\.id.description), products: products.map(\.id.description),
                members: [member.id.description], organisations: [organisation.id.description],
                segments: [segment.id.description, buyers.id.description], departments: departments,
                touchpoints: touchpoints),
            model: RuleModel(
                today: today, zone: zone, currency: "IRR",
                markets: [
                    main.id.description: [main.id.description, sub.id.description],
                    sub.id.description: [sub.id.description], other.id.description: [other.id.description],
                ]),
            terms: SegmentQuery.Terms(
                tenant: business.context.tenantID, zone: zone, today: today, currency: "IRR"))
        for number in 0..<60 { try await world.add(number) }
        let chosen = world.customers.filter { $0.sets[.segments]?.contains(segment.id.description) == true }.map(\.id)
        _ = try await business.memberships.add(business.context, chosen, to: segment.id)
        // The organisation is a customer, too.
        world.customers.append(ModelCustomer.company(organisation))
        var rules = world.rules
        try await world.date(world.customers.count - 1, &rules)
        world.rules.random = rules.random
        try await business.refresh()
        try await world.rank()
        return world
    }

    /// Where customers are met.
    private static func places(_ business: Business) async throws -> (departments: [String], touchpoints: [String]) {
        let stage = try await business.record(JourneyStageValues(name: "Delivery", position: 1))
        var (departments, touchpoints) = ([String](), [String]())
        for name in ["One", "Other"] {
            departments.append(try await business.record(DepartmentValues(name: name)).id.description)
            touchpoints.append(
                try await business.record(TouchpointValues(name: name, stageID: stage.id.rawValue, position: 1))
                    .id.description)
        }
        return (departments, touchpoints)
    }
}

extension ModelCustomer {
    fileprivate static func company(_ customer: Customer) -> ModelCustomer {
        var model = ModelCustomer()
        model.id = customer.id
        model.take(customer.values)
        return model
    }

    fileprivate mutating func take(_ values: CustomerValues) {
        texts = [
            .kind: values.kind.rawValue, .stage: values.stage.rawValue, .name: values.name,
            .reference: values.reference, .language: values.language ?? "fa", .timeZone: values.timeZone,
            .source: values.source, .owner: values.ownerID?.description,
            .organisation: values.organisationID?.description,
        ]
        numbers = [
            .acquisitionCost: values.acquisitionCost.flatMap { $0.currency == "IRR" ? $0.amount : nil },
            .nps: nil, .csat: nil, .ces: nil,
        ]
        days = [.birthDate: values.birthDate, .lastRespondedOn: nil]
        sets = [
            .tags: Set(values.tags), .markets: Set(values.marketIDs.map(\.description)),
            .channels: Set(values.contactPoints.map(\.channel.rawValue)), .consents: [], .segments: [],
        ]
        attributes = values.attributes
    }
}

// MARK: What is known of customers

extension RuleWorld {
    private mutating func add(_ number: Int) async throws {
        var rules = rules
        defer { self.rules.random = rules.random }
        func chance() -> Bool { Bool.random(using: &rules.random) }
        var values = CustomerValues(name: rules.pick(["Ada", "Bob", "مینا", "A"]))
        values.stage = rules.pick(Customer.Stage.allCases)
        values.language = rules.pick(["fa", "en"])
        values.reference = chance() ? "R-\(number)" : nil
        values.timeZone = chance() ? "Asia/Tehran" : nil
        values.source = chance() ? rules.pick(["fair", "web"]) : nil
        values.ownerID = chance() ? Member.ID(rules.members[0]) : nil
        values.organisationID = chance() ? Customer.ID(rules.organisations[0]) : nil
        if chance() {
            // A birthday soon, for some of them.
            let near = LocalDay.day(rules.pick([0, 1, 5, 40]), after: rules.today).components
            values.birthDate = LocalDate(year: near.year - rules.pick([1, 18, 30]), month: near.month, day: near.day)
        }
        if chance() {
            values.acquisitionCost = Money(amount: rules.pick([1, 5, 30]), currency: rules.pick(["IRR", "EUR"]))
        }
        values.tags = ["vip", "new"].filter { _ in chance() }
        values.marketIDs = rules.markets.filter { _ in chance() }.compactMap { Market.ID($0) }
        if chance() { values.attributes["club"] = .string(rules.pick(["gold", "silver"])) }
        if chance() { values.attributes["visits"] = rules.pick([.number(2), .number(2.5), .number(7), .string("2")]) }
        if chance() { values.attributes["vip"] = .bool(chance()) }
        if chance() {
            values.attributes["since"] = .string(
                LocalDay.day(-rules.pick([0, 5, 40, 500]), after: rules.today).description)
        }
        if chance() {
            values.contactPoints.append(ContactPoint(channel: .email, address: "a\(number)@b.example", isPrimary: true))
        }
        if chance() {
            values.contactPoints.append(
                ContactPoint(channel: .phone, address: "+98912345\(1000 + number)", isPrimary: true))
        }
        let customer = try await business.customers.create(business.context, values)
        var model = ModelCustomer()
        model.id = customer.id
        model.take(values)
        if chance() { model.sets[.segments] = [rules.segments[0]] }
        // That of a rule.
        if values.stage == .actual { model.sets[.segments, default: []].insert(rules.segments[1]) }
        if chance() {
            model.sets[.consents] = ["email"]
            _ = try await ConsentService(database: business.database).record(
                business.context, NewConsent(customerID: customer.id, channel: .email, isGranted: true))
        }
        for _ in 0..<rules.pick([0, 0, 1, 2, 5]) { model.orders.append(try await order(customer, &rules)) }
        for _ in 0..<rules.pick([0, 0, 1, 3]) { model.contacts.append(try await contact(customer, &rules)) }
        if chance() { try await answer(&model, &rules) }
        customers.append(model)
        try await date(customers.count - 1, &rules)
    }

    /// Has a customer be known for a while.
    private mutating func date(_ index: Int, _ rules: inout RandomRules) async throws {
        let made = LocalDay.day(rules.pick([0, -1, -6, -7, -30, -90, -400]), after: rules.today)
        let changed = LocalDay.day(rules.pick([0, -1, -6, -7, -30]), after: rules.today)
        func moment(_ day: LocalDate) -> Date { LocalDay.start(of: day, in: terms.zone) + 3600 }
        try await business.server.run(
            """
            UPDATE crm.customer SET created_at = \(moment(made)), stage_changed_at = \(moment(changed))
            WHERE tenant_id = \(business.tenantID) AND id = \(customers[index].id)
            """)
        customers[index].days[.createdOn] = .some(made)
        customers[index].days[.stageChangedOn] = .some(changed)
    }

    /// Takes over how customers compare with the others, as it was found out of all of them. How that is done is tried elsewhere.
    private mutating func rank() async throws {
        typealias Rank = (tier: String?, recency: Int?, frequency: Int?, money: Int?)
        let found = try await Connection.with(business.server.configuration()) { connection in
            try await connection.run(
                Statement<[(Customer.ID, Rank)]>(
                    "test.ranks",
                    """
                    SELECT customer_id, tier, recency::bigint, frequency::bigint, money::bigint FROM crm.customer_summary
                    WHERE tenant_id = \(business.tenantID)
                    """,
                    all: { row in
                        (
                            try row.next(),
                            (
                                try row.nextIfPresent(), try row.nextIfPresent(), try row.nextIfPresent(),
                                try row.nextIfPresent()
                            )
                        )
                    }))
        }
        let ranks = Dictionary(found, uniquingKeysWith: { first, _ in first })
        for (index, customer) in customers.enumerated() {
            let rank = try #require(ranks[customer.id])
            customers[index].texts[.tier] = .some(rank.tier)
            customers[index].numbers[.recency] = .some(rank.recency.map { Decimal($0) })
            customers[index].numbers[.frequency] = .some(rank.frequency.map { Decimal($0) })
            customers[index].numbers[.money] = .some(rank.money.map { Decimal($0) })
            var group: ValueGroup?
            if let recency = rank.recency, let frequency = rank.frequency {
                group = ValueGroup(recency: recency, frequency: frequency)
            }
            customers[index].texts[.group] = .some(group?.rawValue)
        }
        // Where all are the same, a rule about them proves nothing.
        #expect(Set(customers.map { $0.texts[.tier] }).count == 4 && Set(customers.map { $0.texts[.group] }).count > 4)
    }

    private func order(_ customer: Customer, _ rules: inout RandomRules) async throws -> ModelCustomer.Order {
        let (tenant, id) = (business.tenantID, UUID())
        let order = ModelCustomer.Order(
            day: LocalDay.day(rules.pick([40, 1, 1, 0, -1, -6, -7, -29, -30, -89, -90, -399]), after: rules.today),
            amount: rules.pick([10, 30, 100]), returned: rules.pick([0, 0, 5]), currency: rules.pick(["IRR", "EUR"]),
            margin: rules.pick([nil, 3, 9]), product: rules.pick([nil, rules.products[0], rules.products[1]]))
        try await business.server.run(
            """
            INSERT INTO crm.customer_order (tenant_id, id, customer_id, ordered_on, amount, returned_amount, margin_amount, currency)
            VALUES (\(tenant), \(id), \(customer.id), \(order.day), \(order.amount), \(order.returned), \(order.margin), \(order.currency))
            """)
        if let product = order.product {
            try await business.server.run(
                """
                INSERT INTO crm.order_line (tenant_id, order_id, number, product_id, quantity, unit_price)
                VALUES (\(tenant), \(id), 1, \(UUID(uuidString: product)), 1, 1)
                """)
        }
        return order
    }

    private func contact(_ customer: Customer, _ rules: inout RandomRules) async throws -> ModelCustomer.Contact {
        let start = LocalDay.start(
            of: LocalDay.day(rules.pick([40, 1, 0, -6, -7, -30, -90]), after: rules.today), in: terms.zone)
        let contact = ModelCustomer.Contact(
            moment: start + Double(rules.pick([0, 3600, 86_399])), kind: rules.pick(["call", "note", "meeting"]),
            channel: rules.pick([nil, "phone", "email"]), satisfaction: rules.pick([nil, 1, 2, 5]),
            isOpen: Bool.random(using: &rules.random), department: rules.pick([nil] + rules.departments),
            touchpoint: rules.pick([nil] + rules.touchpoints))
        try await business.server.run(
            """
            INSERT INTO crm.interaction (tenant_id, id, customer_id, kind, channel, happened_at, satisfaction, is_open,
                department_id, touchpoint_id)
            VALUES (\(business.tenantID), \(UUID()), \(customer.id), \(contact.kind), \(contact.channel), \(contact.moment),
                \(contact.satisfaction.map { Int16($0) }), \(contact.isOpen),
                \(contact.department.flatMap { UUID(uuidString: $0) }), \(contact.touchpoint.flatMap { UUID(uuidString: $0) }))
            """)
        return contact
    }

    /// Three answers to one question or another; of several to one, the last counts.
    private func answer(_ model: inout ModelCustomer, _ rules: inout RandomRules) async throws {
        let days: [Int] = [rules.pick([-40, -50]), -20, rules.pick([0, -1, -9])]
        for (wave, day) in days.map({ LocalDay.day($0, after: rules.today) }).enumerated() {
            let (field, scores, campaign) = rules.pick(campaigns)
            let (score, metric, invitation) = (rules.pick(scores), String(field.rawValue.dropFirst(7)), UUID())
            try await business.server.run(
                """
                INSERT INTO crm.invitation
                    (tenant_id, id, campaign_id, wave, segment_id, customer_id, language, address, state, expires_at)
                VALUES (\(business.tenantID), \(invitation), \(campaign.id), \(Int32(wave + 1)), \(campaign.segmentID), \(model.id), 'fa',
                    'a@b.example', 'responded', now())
                """)
            try await business.server.run(
                """
                WITH response AS (
                    INSERT INTO crm.response (tenant_id, id, invitation_id, campaign_id, segment_id, survey_id, survey_version,
                        metric, customer_id, language, submitted_at)
                    VALUES (\(business.tenantID), \(UUID()), \(invitation), \(campaign.id), \(campaign.segmentID),
                        \(campaign.surveyID), 1, \(metric), \(model.id), 'fa', \(LocalDay.start(of: day, in: terms.zone)))
                    RETURNING tenant_id, id
                )
                INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score)
                SELECT tenant_id, id, 'score', \(metric), \(Int16(score)) FROM response
                """)
            model.numbers[field] = .some(Decimal(score))
            model.days[.lastRespondedOn] = .some(day)
        }
    }
}
