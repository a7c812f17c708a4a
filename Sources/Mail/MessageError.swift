/// Why a value cannot become part of a message. Nothing has been sent when it is thrown.
///
/// The description names the field and the rule, never the offending value, so it is safe to log.
public enum MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The e-mail address breaks `rule`.
    case address(rule: String)
    /// The header field `name` breaks `rule`.
    case header(name: String, rule: String)
    /// The delivery id breaks `rule`.
    case deliveryID(rule: String)

    public var description: String {
        switch self {
        case .address(let rule): "invalid e-mail address: \(rule)"
        case .header(let name, let rule): "invalid header field \(name): \(rule)"
        case .deliveryID(let rule): "invalid delivery id: \(rule)"
        }
    }
}
