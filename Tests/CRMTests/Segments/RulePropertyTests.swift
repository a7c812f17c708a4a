import Foundation
import Postgres
import TestSupport
import Testing

@testable import CRM

/// Rules as SQL say of every customer what the same rules say in memory.
@Suite("Rules against a model")
struct RulePropertyTests {
    fileprivate struct World {
        let business: Business
        let campaign: Campaign
        var customers: [ModelCustomer]
        var rules: RandomRules
        let model: RuleModel
        let terms: SegmentQuery.Terms
    }

    @Test
    func `Five hundred random trees find the customers whom they describe, and say of each part whether it holds`()
        async throws
    {
        try await Business.with { business in
            var world = try await Self.world(business, seed: 6)
            var (found, sizes) = (0, Set<Int>())
            for number in 0..<500 {
                let node = world.rules.tree(depth: 4, number)
                let rule = try SegmentRule(node)
                let (ids, some) = try await business.database.pipeline(
                    business.context, Self.matching(rule, world, nil),
                    Self.matching(rule, world, world.customers.map(\.id)))
                let expected = Set(world.customers.filter { world.model.holds(node, of: $0) }.map(\.id))
                try #require(Set(ids) == expected, "\(number): \(Self.text(node))")
                // Asked of customers by name, the rule is another statement.
                try #require(Set(some) == expected, "\(number), of some: \(Self.text(node))")
                found += ids.count
                sizes.insert(ids.count)
                guard number % 10 == 0 else { continue }
                // And so do the parts of one customer's explanation.
                let customer = world.customers[number % world.customers.count]
                let results = try await business.database.run(
                    business.context, SegmentStatements.explanation(world.terms, rule, of: customer.id))
                let reason = rule.reason(try #require(results))
                try #require(reason.holds == expected.contains(customer.id), "\(number): \(Self.text(node))")
            }
            // Rules that find nobody, or everybody, would prove nothing.
            #expect(sizes.count > 20 && found > 3000)
        }
    }

    private static func matching(
        _ rule: SegmentRule, _ world: World, _ customers: [Customer.ID]?
    ) -> Statement<[Customer.ID]> {
        Statement(
            "test.matching", SegmentQuery.matching(rule, world.terms, customers: customers), all: { try $0.next() })
    }

    private static func text(_ node: JSONNode) -> String { String(decoding: JSONWriter.bytes(of: node), as: UTF8.self) }

    // MARK: A business with customers of all kinds

    private static func world(_ business: Business, seed: UInt64) async throws -> World {
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
        let campaign = try await business.campaign("C", try await business.survey(), to: segment)
        var world = World(
            business: business, campaign: campaign, customers: [],
            rules: RandomRules(
                random: SplitMix64(seed: seed), today: today,
                markets: [main, sub, other].map(\.id.description), products: products.map(\.id.description),
                members: [member.id.description], organisations: [organisation.id.description],
                segments: [segment.id.description]),
            model: RuleModel(
                today: today, zone: zone, currency: "IRR",
                markets: [
                    main.id.description: [main.id.description, sub.id.description],
                    sub.id.description: [sub.id.description], other.id.description: [other.id.description],
                ]),
            terms: SegmentQuery.Terms(
                tenant: business.context.tenantID, zone: zone, today: today, currency: "IRR"))
        for number in 0..<60 { try await world.add(number) }
        let chosen = world.customers.filter { !($0.sets[.segments] ?? []).isEmpty }.map(\.id)
        _ = try await business.memberships.add(business.context, chosen, to: segment.id)
        // The organisation is a customer, too.
        world.customers.append(ModelCustomer.company(organisation))
        try await business.refresh()
        return world
    }
}

extension RandomRules {
    fileprivate mutating func tree(depth: Int, _ number: Int) -> JSONNode {
        // Each field and operator by itself first, so that none is left to chance.
        tree(depth: 1 + number % depth)
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

extension RulePropertyTests.World {
    fileprivate mutating func add(_ number: Int) async throws {
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
        if chance() {
            model.sets[.consents] = ["email"]
            _ = try await ConsentService(database: business.database).record(
                business.context, NewConsent(customerID: customer.id, channel: .email, isGranted: true))
        }
        for _ in 0..<rules.pick([0, 0, 1, 2, 5]) { model.orders.append(try await order(customer, &rules)) }
        for _ in 0..<rules.pick([0, 0, 1, 3]) { model.contacts.append(try await contact(customer, &rules)) }
        if chance() { try await answer(&model, &rules) }
        customers.append(model)
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
            isOpen: Bool.random(using: &rules.random))
        try await business.server.run(
            """
            INSERT INTO crm.interaction (tenant_id, id, customer_id, kind, channel, happened_at, satisfaction, is_open)
            VALUES (\(business.tenantID), \(UUID()), \(customer.id), \(contact.kind), \(contact.channel), \(contact.moment),
                \(contact.satisfaction.map { Int16($0) }), \(contact.isOpen))
            """)
        return contact
    }

    /// Two answers to a question, of which the later counts.
    private func answer(_ model: inout ModelCustomer, _ rules: inout RandomRules) async throws {
        let days: [Int] = [rules.pick([-40, -50]), rules.pick([0, -1, -9])]
        for (wave, day) in days.map({ LocalDay.day($0, after: rules.today) }).enumerated() {
            let (score, invitation) = (rules.pick([0, 3, 9]), UUID())
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
                        \(campaign.surveyID), 1, 'nps', \(model.id), 'fa', \(LocalDay.start(of: day, in: terms.zone)))
                    RETURNING tenant_id, id
                )
                INSERT INTO crm.answer (tenant_id, response_id, question_id, kind, score)
                SELECT tenant_id, id, 'score', 'nps', \(Int16(score)) FROM response
                """)
            model.numbers[.nps] = .some(Decimal(score))
            model.days[.lastRespondedOn] = .some(day)
        }
    }
}
