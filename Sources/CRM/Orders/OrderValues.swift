public import Foundation
public import Postgres

/// What clients decide of an order.
public struct OrderValues: Sendable {
    /// What the seller did beside taking the order: sold something more, or something better.
    public enum Sale: String, JSONChoice {
        case regular
        case crossSell = "cross_sell"
        case upSell = "up_sell"
    }

    public struct Line: Sendable, Equatable {
        public var productID: Product.ID?
        public var description: String?
        public var quantity: Int
        /// `nil` for the product's price.
        public var unitPrice: Decimal?
        /// Off the whole line.
        public var discount: Decimal
        /// `nil` for the product's cost, or where nobody knows.
        public var unitCost: Decimal?
        public var sale: Sale

        public init(
            productID: Product.ID? = nil, description: String? = nil, quantity: Int = 1, unitPrice: Decimal? = nil,
            discount: Decimal = 0, unitCost: Decimal? = nil, sale: Sale = .regular
        ) {
            self.productID = productID
            self.description = description
            self.quantity = quantity
            self.unitPrice = unitPrice
            self.discount = discount
            self.unitCost = unitCost
            self.sale = sale
        }

        /// What it comes to.
        var amount: Decimal { Decimal(quantity) * (unitPrice ?? 0) - discount }
        /// `nil` where nobody knows.
        var cost: Decimal? { unitCost.map { Decimal(quantity) * $0 } }
    }

    public static let descriptionRule = TextRule.words(200)
    public static let quantities = 1...1_000_000
    public static let maximumLines = 500
    /// What the column holds.
    static let maximumAmount: Decimal = 99_999_999_999_999

    public var customerID: Customer.ID
    public var orderedOn: LocalDate
    /// The moment, where it is known.
    public var orderedAt: Date?
    public var reference: String?
    /// `nil` for the tenant's own.
    public var currency: String?
    /// `nil` for what the lines come to.
    public var amount: Decimal?
    public var quantity: Int?
    public var memberID: Member.ID?
    /// Which department took it.
    public var departmentID: Department.ID?
    public var touchpointID: Touchpoint.ID?
    public var channel: InteractionValues.Channel?
    public var lines: [Line] = []

    public init(customerID: Customer.ID, orderedOn: LocalDate) {
        self.customerID = customerID
        self.orderedOn = orderedOn
    }

    /// Where it stands among other things that happened: as the table has it.
    var happenedAt: Date {
        orderedAt ?? Date(timeIntervalSince1970: (Double(orderedOn.daysSince2000) + 10_957) * 86_400)
    }
}

extension OrderValues {
    public static var example: OrderValues {
        var values = OrderValues(customerID: Example.id(7), orderedOn: Example.day)
        values.reference = "2026-117"
        values.currency = "GBP"
        values.amount = 25
        values.quantity = 2
        values.memberID = Example.id(7)
        values.departmentID = Example.id(7)
        values.touchpointID = Example.id(7)
        values.channel = .web
        values.lines = [
            Line(
                productID: Example.id(7), quantity: 2, unitPrice: 12.5, discount: 0, unitCost: 7, sale: .crossSell)
        ]
        return values
    }

    public func members(_ json: inout JSONWriter) {
        json.member("customer_id", customerID, "Who bought.")
        json.member("reference", reference, "The order's number in the system that it comes from.", isPersonal: true)
        json.member("ordered_on", orderedOn, "The day, in the shop's books.")
        json.member("ordered_at", orderedAt, "The moment; null where only the day is known.")
        json.member("currency", currency ?? "", "ISO 4217 code of all its amounts.")
        json.member("amount", (amount ?? 0).description, "What it came to.")
        json.member("quantity", quantity ?? 1, "How many things it was.")
        json.member("member_id", memberID, "Who sold it.")
        json.member("department_id", departmentID, "The department that took it.")
        json.member("touchpoint_id", touchpointID, "Where on the journey it was taken.")
        json.member("channel", channel, "On which channel it came.")
        json.member("lines", lines, "What it was made of.", isPersonal: true)
    }

    /// Everything that is not allowed, whatever products there are.
    public var faults: [FieldError] {
        var errors: [FieldError] = []
        if let reference { CustomerRules.reference.check(reference, "/reference", into: &errors) }
        if let currency { TextRule.currency.check(currency, "/currency", into: &errors) }
        if orderedOn < OrderRules.firstDay || orderedOn > OrderRules.lastDay {
            errors.append(FieldError("/ordered_on", "range", "From 1900-01-01 to today."))
        }
        errors.check(quantity, in: 1...Int(Int32.max), "/quantity")
        if let amount, abs(amount) > Self.maximumAmount {
            errors.append(FieldError("/amount", "range", "At most 14 digits before the point."))
        }
        if amount == nil, lines.isEmpty {
            errors.append(FieldError("/amount", "required", "Is required without lines."))
        }
        if lines.count > Self.maximumLines {
            errors.append(FieldError("/lines", "too_many", "At most \(Self.maximumLines)."))
        }
        for (index, line) in lines.enumerated() {
            line.check(at: "/lines/\(index)", into: &errors)
        }
        return errors
    }

    /// The same with what the lines come to, and with what their products say.
    ///
    /// - Throws: ``ServiceError/invalid(_:)``.
    func completed(
        currency usual: String, _ products: [Product.ID: OrderProduct], after old: OrderValues?
    ) throws -> OrderValues {
        var (new, errors) = (self, [FieldError]())
        let currency = currency ?? usual
        new.currency = currency
        let before = old?.lines ?? []
        let sold = Set(before.compactMap(\.productID))
        for (index, line) in lines.enumerated() {
            // What was sold already was sold at what it says, whatever its product says now.
            if before.indices.contains(index), before[index] == line { continue }
            guard let id = line.productID else { continue }
            let product = products[id]
            if !sold.contains(id), product == nil || product?.state == .withdrawn {
                errors.append(
                    FieldError(
                        "/lines/\(index)/product_id", product == nil ? "not_found" : "withdrawn",
                        product == nil ? "There is no such product." : "The product is not sold any more."))
                continue
            }
            new.lines[index].unitPrice = line.unitPrice ?? product?.price.amount(in: currency)
            new.lines[index].unitCost = line.unitCost ?? product?.cost.amount(in: currency)
        }
        for (index, line) in new.lines.enumerated() {
            let pointer = "/lines/\(index)/"
            // Of a product that cannot be sold there is nothing more to say.
            if errors.contains(where: { $0.pointer.hasPrefix(pointer) }) { continue }
            if line.unitPrice == nil {
                errors.append(
                    FieldError("\(pointer)unit_price", "required", "The product has no price in \(currency)."))
            } else if line.amount < 0 {
                errors.append(FieldError("\(pointer)discount", "range", "No more than the line comes to."))
            }
        }
        if !lines.isEmpty {
            let total = new.lines.reduce(0 as Decimal) { $0 + $1.amount }
            if max(total, abs(new.margin ?? 0)) > Self.maximumAmount {
                errors.append(
                    FieldError("/lines", "range", "Together and less their costs at most 14 digits before the point."))
            }
            if let amount, amount != total, errors.isEmpty {
                errors.append(FieldError("/amount", "mismatch", "The lines come to \(total)."))
            }
            new.amount = total
            new.quantity = new.lines.reduce(0) { $0 + $1.quantity }
        }
        try ServiceError.refuse(errors)
        new.quantity = new.quantity ?? 1
        return new
    }

    /// What is left of the amount after the costs; `nil` when one is not known.
    var margin: Decimal? {
        guard !lines.isEmpty else { return nil }
        return lines.reduce(0 as Decimal?) { sum, line in
            sum.flatMap { sum in line.cost.map { sum + line.amount - $0 } }
        }
    }
}

enum OrderRules {
    static let firstDay = LocalDate("1900-01-01") ?? LocalDate(daysSince2000: 0)
    /// The day that it is first anywhere.
    static var lastDay: LocalDate { LocalDay.day(of: Date(), in: TimeZone(secondsFromGMT: 14 * 3600) ?? .gmt) }
}

/// What an order needs to know of a product.
struct OrderProduct: Sendable {
    let price: Money?
    let cost: Money?
    let state: ProductValues.State
}

extension Money? {
    fileprivate func amount(in currency: String) -> Decimal? { self?.currency == currency ? self?.amount : nil }
}

extension OrderValues.Line: JSONObject {
    public static let schemaName = "OrderLine"
    public static let schemaDescription = "What an order is made of."
    public static var example: OrderValues.Line { OrderValues.example.lines[0] }

    public func members(_ json: inout JSONWriter) {
        json.member("product_id", productID, "What was sold; null for what is no product.")
        json.member("description", description, "What was sold, in words.")
        json.member("quantity", quantity, "How many.")
        json.member("unit_price", (unitPrice ?? 0).description, "What one was sold for.")
        json.member("discount", discount.description, "What was taken off the line.")
        json.member("unit_cost", unitCost?.description, "What one cost the business; null where nobody knows.")
        json.member("sale", sale, "Whether the seller sold something more or something better.")
    }

    fileprivate func check(at pointer: String, into errors: inout [FieldError]) {
        errors.check(quantity, in: OrderValues.quantities, "\(pointer)/quantity")
        if let description { OrderValues.descriptionRule.check(description, "\(pointer)/description", into: &errors) }
        for (name, amount) in [("unit_price", unitPrice), ("discount", discount), ("unit_cost", unitCost)] {
            if let amount, amount < 0 { errors.append(FieldError("\(pointer)/\(name)", "range", "Not below zero.")) }
        }
        if productID == nil, description == nil {
            errors.append(FieldError("\(pointer)/product_id", "required", "A line has a product or a description."))
        }
        if productID == nil, unitPrice == nil {
            errors.append(FieldError("\(pointer)/unit_price", "required", "Is required without a product."))
        }
    }
}
