import Foundation

/// An IPv4 or IPv6 address.
public struct IPAddress: Sendable, Equatable {
    /// 4 or 16, the network's order.
    let bytes: [UInt8]

    /// `nil` when the text is no address.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            let all = withUnsafeBytes(of: six) { Array($0) }
            // An IPv4 address on a socket of IPv6 (RFC 4291, section 2.5.5.2) is the IPv4 address.
            let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = isMapped ? Array(all[12...]) : all
        } else {
            return nil
        }
    }
}

extension IPAddress {
    /// What one subscriber has: an IPv4 address, or the 64 bits of an IPv6 network.
    public var subscriber: [UInt8] { bytes.count == 4 ? bytes : Array(bytes[..<8]) }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        guard bytes.count == 16 else { return bytes.map(String.init).joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        return bytes.withUnsafeBytes { bytes in
            inet_ntop(AF_INET6, bytes.baseAddress, &text, socklen_t(text.count)).map { String(cString: $0) } ?? ""
        }
    }
}

/// The addresses that begin with the same bits, such as `10.0.0.0/8`. (RFC 4632)
public struct NetworkRange: Sendable, Equatable {
    private let address: IPAddress
    private let bits: Int

    /// `nil` when the text is neither a range nor an address, which is a range of itself.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let address = IPAddress(parts[0]) else { return nil }
        let most = address.bytes.count * 8
        guard let bits = parts.count == 1 ? most : Int(parts[1]), (0...most).contains(bits) else { return nil }
        self.address = address
        self.bits = bits
    }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in
            (address.bytes[bit / 8] ^ other.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }
}
