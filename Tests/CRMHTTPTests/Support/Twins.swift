import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

/// Customers who may be one, for tests of merging.
enum Twins {
    static func add(_ api: TestAPI, _ body: String) async throws -> String { try await api.addCustomer(body) }

    static func order(_ customer: String, _ business: Business) async throws -> Order {
        var values = OrderValues(
            customerID: try #require(Customer.ID(customer)), orderedOn: LocalDate(daysSince2000: 9700))
        values.amount = 10
        return try await OrderService(database: business.database).create(business.context, values)
    }

    static func merge(_ api: TestAPI, _ others: [String], into survivor: String) async throws -> Answer {
        let ids = others.map { #""\#($0)""# }.joined(separator: ", ")
        return try await api.post("/v1/customers/\(survivor)/merge", #"{"customer_ids": [\#(ids)]}"#)
    }

    /// Ada twice: with different things known of her, and an order, an interaction and a consent of the second.
    static func withTwo(
        _ body: @escaping @Sendable (HTTPFixture, _ ada: String, _ again: String) async throws -> Void
    ) async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let ada = try await add(
                api,
                #"""
                {"name": "Ada", "reference": "A-1", "tags": ["a", "both"], "attributes": {"club": "gold"}, "source": "fair",
                 "contact_points": [{"channel": "email", "address": "ada@mail.example", "is_primary": true}]}
                """#)
            let again = try await add(
                api,
                #"""
                {"name": "Ada L.", "reference": "A-2", "references": {"shop": "7"}, "tags": ["both", "b"], "birth_date": "1990-01-02",
                 "attributes": {"club": "tin", "size": 4}, "source": "web",
                 "contact_points": [{"channel": "email", "address": "ADA@mail.example", "is_primary": true},
                  {"channel": "phone", "address": "+98 912 1234567", "is_primary": true}]}
                """#)
            _ = try await order(again, business)
            _ = try await api.post(
                "/v1/interactions", #"{"customer_id": "\#(again)", "kind": "note", "body": "likes tea"}"#)
            _ = try await api.post(
                "/v1/consents", #"{"customer_id": "\#(again)", "channel": "email", "is_granted": false}"#)
            try await body(fixture, ada, again)
        }
    }
}
