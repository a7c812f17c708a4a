public import Foundation
import Postgres

/// An amount in an ISO 4217 currency. In JSON the amount is a string, so that no client rounds it.
public struct Money: Sendable, Hashable, Codable {
    public let amount: Decimal
    public let currency: String

    public init(amount: Decimal, currency: String) {
        self.amount = amount
        self.currency = currency
    }

    private enum CodingKeys: CodingKey { case amount, currency }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .amount)
        guard let amount = Decimal(plain: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .amount, in: container, debugDescription: "expected a number in a string, such as \"12.50\"")
        }
        self.init(amount: amount, currency: try container.decode(String.self, forKey: .currency))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(amount.description, forKey: .amount)
        try container.encode(currency, forKey: .currency)
    }
}

extension Money: JSONObject {
    public static let schemaName = "Money"
    public static let schemaDescription = "An amount in a currency."
    public static var example: Money { Money(amount: 1500, currency: "GBP") }

    public func members(_ json: inout JSONWriter) {
        json.member("amount", amount.description, "The amount in digits, so that no client rounds it.")
        json.member("currency", currency, "ISO 4217 code.")
    }
}

extension Money {
    /// Reads two columns, the amount and the currency; `nil` where there is no amount.
    init?(row: inout RowReader) throws {
        let (amount, currency): (Decimal?, String?) = (try row.nextIfPresent(), try row.nextIfPresent())
        guard let amount, let currency else { return nil }
        self.init(amount: amount, currency: currency)
    }
}

extension Decimal {
    /// Reads digits with at most one point and a leading minus, in ASCII, Persian or Arabic digits; `nil` for anything else, more
    /// than 14 digits before the point or more than 4 behind it.
    public init?(plain text: some StringProtocol) {
        var ascii = ""
        for character in text {
            switch character {
            case "0"..."9", ".": ascii.append(character)
            case "-" where ascii.isEmpty: ascii.append(character)
            case "٫": ascii.append(".")
            default:
                guard character.unicodeScalars.count == 1, let digit = character.wholeNumberValue, digit < 10 else {
                    return nil
                }
                ascii.append(String(digit))
            }
        }
        let parts = ascii.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), parts[0].count <= 14,
            parts.count == 1 || parts[1].count <= 4, let value = Decimal(string: ascii)
        else { return nil }
        self = value
    }
}
