import CRM
import Foundation
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite("Orders")
struct OrderTests {
    private static func product(
        _ business: Business, _ code: String, price: Decimal? = 10, cost: Decimal? = nil,
        state: ProductValues.State = .active
    ) async throws -> Product {
        try await business.record(
            ProductValues(
                code: code, name: code, price: price.map { Money(amount: $0, currency: "IRR") },
                cost: cost.map { Money(amount: $0, currency: "IRR") }, state: state))
    }

    @Test func `An order is made of lines, whose prices and costs are the products' unless it says otherwise`()
        async throws
    {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let (pen, ink) = (
                try await Self.product(business, "pen", price: 10, cost: 6),
                try await Self.product(business, "ink", price: 3)
            )
            let made = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-03-01", "reference": "O-1", "lines": [
                    {"product_id": "\(pen.id)", "quantity": 2, "discount": "1.5"},
                    {"product_id": "\(ink.id)", "unit_price": "2.5", "unit_cost": "1", "sale": "cross_sell"}]}
                """)
            #expect(made.status == 201, "\(made)")
            #expect(try made.text("amount") == "21" && made.text("currency") == "IRR" && made.number("quantity") == 3)
            #expect(try made.text("lines/0/unit_price") == "10" && made.text("lines/0/unit_cost") == "6")
            // 21 − 2 × 6 − 1
            #expect(try made.text("margin_amount") == "8")
            #expect(try made.text("lines/0/sale") == "regular" && made.text("lines/1/sale") == "cross_sell")
            let path = try #require(made.headers[.location])
            #expect(try await api.get(path).value() == made.value())
            // Without a cost there is no margin.
            let ink2 = try await api.post(
                "/v1/orders",
                #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-02", "lines": [{"product_id": "\#(ink.id)"}]}"#
            )
            #expect(try ink2.value("margin_amount") == .null)
            for (filter, count) in [
                ("customer_id]=\(customer)", 2), ("product_id]=\(pen.id)", 1), ("product_id]=\(ink.id)", 2),
                ("reference]=O-1", 1), ("happened_at][gte]=2026-03-02T00:00:00Z", 1),
                ("happened_at][lt]=2026-03-02T00:00:00Z", 1),
            ] {
                #expect(try await api.get("/v1/orders?filter[\(filter)").ids().count == count, "\(filter)")
            }
            let patched = try await api.patch(
                path, #"{"lines": [{"description": "a box", "unit_price": "4", "quantity": 3, "sale": "up_sell"}]}"#)
            #expect(try patched.text("amount") == "12" && patched.list("lines").count == 1)
            #expect(try await api.get(path).text("lines/0/sale") == "up_sell")
            let stranger = try await api.patch(
                path, #"{"lines": [{"description": "a box", "unit_price": "4", "sale": "down_sell"}]}"#)
            #expect(stranger.status == 422)
            let again = try await api.post(
                "/v1/orders",
                #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-02", "amount": "1", "reference": "O-1"}"#)
            #expect(try again.status == 409 && again.text("code") == "reference_taken")
            #expect(try await api.delete(path).status == 204)
            #expect(try await api.get(path).status == 404)
        }
    }

    @Test func `The first order makes a potential customer an actual one, once`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            func order() async throws -> Int {
                try await api.post(
                    "/v1/orders", #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-01", "amount": "5"}"#
                ).status
            }
            async let first = order()
            async let second = order()
            async let third = order()
            #expect(try await [first, second, third] == [201, 201, 201])
            let shown = try await api.get("/v1/customers/\(customer)")
            #expect(try shown.text("stage") == "actual" && shown.text("stage_reason") == "first order")
            #expect(try await api.get("/v1/stage-changes?filter[customer_id]=\(customer)").ids().count == 1)
        }
    }

    @Test func `What comes back reduces the order and its margin, and no more comes back than was sold`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let pen = try await Self.product(business, "pen", price: 10, cost: 6)
            let made = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-03-01",
                 "lines": [{"product_id": "\(pen.id)", "quantity": 3, "discount": "10"}]}
                """)
            let path = try #require(made.headers[.location])
            func giveBack(_ quantity: Int, _ rest: String = "") async throws -> Answer {
                try await api.post(
                    "\(path)/returns",
                    #"{"returned_on": "2026-03-05", "lines": [{"line": 1, "quantity": \#(quantity)\#(rest)}]}"#)
            }
            let one = try await giveBack(1)
            #expect(one.status == 200, "\(one)")
            // A third of 20, and its margin is that without 6.
            #expect(try one.text("returned_amount") == "6.6667" && one.text("margin_amount") == "1.3333")
            #expect(try one.number("returns/0/quantity") == 1)
            #expect(try await giveBack(3).errors() == ["/lines/0/quantity range"])
            #expect(try await giveBack(1, #", "amount": "14""#).errors() == ["/lines/0/amount range"])
            let refused = try await api.patch(path, #"{"lines": [{"description": "x", "unit_price": "1"}]}"#)
            #expect(try refused.status == 409 && refused.text("code") == "has_returns")
            #expect(try await api.patch(path, #"{"reference": "O-9"}"#).status == 200)
            // The last of a line take what is left, to the last digit.
            let rest = try await giveBack(2)
            #expect(try rest.text("returned_amount") == "20" && rest.text("margin_amount") == "0")
            let overview = try await api.get("/v1/customers/\(customer)/overview")
            #expect(try overview.text("purchases/0/amount/amount") == "0")
            #expect(try await giveBack(1).errors() == ["/lines/0/quantity range"])
        }
    }

    @Test func `Of returns at once no more comes back than was sold`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let made = try await api.post(
                "/v1/orders", #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-01", "amount": "10"}"#)
            let path = try #require(made.headers[.location])
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await api.post("\(path)/returns", #"{"returned_on": "2026-03-05", "amount": "4"}"#).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }.sorted()
            }
            #expect(statuses == [200, 200, 422, 422, 422])
            #expect(try await api.get(path).text("returned_amount") == "8")
        }
    }

    @Test func `Everything that is wrong with an order is told`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let gone = try await Self.product(business, "gone", state: .withdrawn)
            let free = try await Self.product(business, "free", price: nil)
            let bad = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2999-01-01", "currency": "pounds", "reference": " ",
                 "lines": [{"quantity": 0}, {"description": "x", "unit_price": "-1", "quantity": 1}]}
                """)
            #expect(
                try Set(bad.errors()) == [
                    "/ordered_on range", "/currency invalid", "/reference length", "/lines/0/quantity range",
                    "/lines/0/product_id required", "/lines/0/unit_price required", "/lines/1/unit_price range",
                ])
            func order(_ rest: String) async throws -> [String] {
                try await api.post("/v1/orders", #"{"ordered_on": "2026-03-01", \#(rest)}"#).errors().sorted()
            }
            let one = #""customer_id": "\#(customer)""#
            #expect(try await order(one) == ["/amount required"])
            #expect(try await order(#""customer_id": "\#(UUID())", "amount": "1""#) == ["/customer_id not_found"])
            #expect(
                try await order(#"\#(one), "amount": "1", "member_id": "\#(UUID())""#) == ["/member_id not_found"])
            let products = try await order(
                #"\#(one), "lines": [{"product_id": "\#(UUID())"}, {"product_id": "\#(gone.id)"}, {"product_id": "\#(free.id)"}]"#
            )
            #expect(
                products == [
                    "/lines/0/product_id not_found", "/lines/1/product_id withdrawn", "/lines/2/unit_price required",
                ])
            let line = #"{"description": "x", "unit_price": "2"}"#
            #expect(try await order(#"\#(one), "amount": "3", "lines": [\#(line)]"#) == ["/amount mismatch"])
            #expect(
                try await order(#"\#(one), "lines": [{"description": "x", "unit_price": "2", "discount": "3"}]"#)
                    == ["/lines/0/discount range"])
        }
    }

    @Test func `Of returns of a line at once no more comes back than was sold`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            for _ in 0..<5 {
                let made = try await api.post(
                    "/v1/orders",
                    """
                    {"customer_id": "\(customer)", "ordered_on": "2026-03-01",
                     "lines": [{"description": "x", "unit_price": "5", "quantity": 2}]}
                    """)
                let path = try #require(made.headers[.location])
                func giveBack() async throws -> Int {
                    try await api.post(
                        "\(path)/returns", #"{"returned_on": "2026-03-05", "lines": [{"line": 1, "quantity": 2}]}"#
                    ).status
                }
                async let first = giveBack()
                async let second = giveBack()
                #expect(try await [first, second].sorted() == [200, 422])
                #expect(try await api.get(path).text("returned_amount") == "10")
            }
        }
    }

    @Test func `What was sold stays sold as it was, whatever becomes of products and customers`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let pen = try await Self.product(business, "pen", price: 10)
            let made = try await api.post(
                "/v1/orders",
                #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-01", "lines": [{"product_id": "\#(pen.id)"}]}"#
            )
            let path = try #require(made.headers[.location])
            // Nobody knew what it cost, and nobody knows it now.
            let priced = try await api.patch(
                "/v1/products/\(pen.id)",
                #"{"cost": {"amount": "6", "currency": "IRR"}, "price": {"amount": "99", "currency": "IRR"}}"#)
            #expect(priced.status == 200)
            let patched = try await api.patch(path, #"{"reference": "O-1"}"#)
            #expect(try patched.text("amount") == "10" && patched.value("margin_amount") == .null)
            #expect(try await api.patch(path, "{}").number("version") == 2)
            let used = try await api.delete("/v1/products/\(pen.id)")
            #expect(try used.text("code") == "in_use")
            #expect(try used.text("detail") == "There are orders that refer to it. Change or remove them first.")
            // A customer who is potential again is not made actual by an old order.
            _ = try await api.patch("/v1/customers/\(customer)", #"{"stage": "potential"}"#)
            #expect(try await api.patch(path, #"{"reference": "O-2"}"#).status == 200)
            #expect(try await api.get("/v1/customers/\(customer)").text("stage") == "potential")
            #expect(try await api.delete("/v1/customers/\(customer)").status == 204)
            #expect(try await api.patch(path, #"{"reference": "O-3"}"#).status == 200)
        }
    }

    @Test func `Nothing comes back before it was ordered, and a currency is one that there is`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada").id
            let order =
                #"{"customer_id": "\#(customer)", "ordered_on": "2026-03-02", "amount": "5", "currency": "EUR"}"#
            let made = try await api.post("/v1/orders", order)
            let path = "/v1/orders/\(try made.text("id") ?? "")/returns"
            let early = try await api.post(path, #"{"returned_on": "2026-03-01", "amount": "1"}"#)
            #expect(try early.status == 422 && early.errors() == ["/returned_on range"])
            #expect(try await api.post(path, #"{"returned_on": "2026-03-02", "amount": "1"}"#).status == 200)
            let unknown = try await api.post("/v1/orders", order.replacing("EUR", with: "ZZZ"))
            #expect(try unknown.status == 422 && unknown.errors() == ["/currency invalid"])
        }
    }

    @Test func `An order with lines is not overwritten by a file`() async throws {
        try await HTTPFixture.with { fixture in
            let (api, business) = (fixture.api, fixture.business)
            let customer = try await business.customer("Ada", reference: "A").id
            let made = try await api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-03-01", "reference": "O-1",
                 "lines": [{"description": "x", "unit_price": "5"}]}
                """)
            #expect(made.status == 201)
            func upload(_ amount: String) async throws -> Answer {
                let file = "customer_ref,ordered_on,amount,order_ref\nA,2026-03-01,\(amount),O-1\n"
                return try await fixture.upload(.orders, file)
            }
            let refused = try await upload("7")
            let id = try #require(try refused.text("id"))
            let rows = try await api.get("/v1/orders/imports/\(id)/rejected-rows")
            #expect(try refused.number("rejected") == 1 && rows.text("data/0/errors/0/code") == "has_lines")
            #expect(try await upload("5").number("unchanged") == 1)
        }
    }

    @Test func `A margin beyond all bounds is refused`() async throws {
        try await HTTPFixture.with { fixture in
            let customer = try await fixture.business.customer("Ada").id
            let answer = try await fixture.api.post(
                "/v1/orders",
                """
                {"customer_id": "\(customer)", "ordered_on": "2026-03-01", "lines": [
                    {"description": "x", "quantity": 2, "unit_price": "1", "unit_cost": "99999999999999"}]}
                """)
            #expect(try answer.status == 422 && answer.errors() == ["/lines range"])
        }
    }
}
