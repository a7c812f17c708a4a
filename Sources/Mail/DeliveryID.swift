#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What makes two attempts the same delivery: choose it once per mail and recipient and keep it across retries.
public struct DeliveryID: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// - Throws: ``MessageError/deliveryID(rule:)`` unless `string` is 1 to 128 ASCII letters, digits, `-`, `_` and
    ///   inner dots, and so can be a part of a file name.
    public init(_ string: String) throws(MessageError) {
        let isPlain = string.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard isPlain, (1...128).contains(string.utf8.count), !string.hasPrefix("."), !string.hasSuffix(".") else {
            throw .deliveryID(rule: "it must be 1 to 128 ASCII letters, digits, hyphens, underscores or inner dots")
        }
        description = string
    }

    /// The id in lower case.
    public init(_ uuid: UUID) {
        description = uuid.uuidString.lowercased()
    }
}
