#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where mail goes, as one line of configuration.
///
/// - `maildir:///absolute/path`
/// - `smtp://[user:password@]host[:port][?tls=none|opportunistic|required][&ehlo=name][&connections=n]`
/// - `smtps://[user:password@]host[:port][?ehlo=name][&connections=n]`
///
/// User and password are percent-encoded. Without `tls`, ``SMTPConfiguration`` decides: STARTTLS must be there if there
/// is a password, and is used if offered otherwise.
public enum MailURL: Sendable, CustomStringConvertible {
    case maildir(path: String)
    case smtp(SMTPConfiguration)

    private static let forms = """
        MEHVAR_MAIL_URL takes maildir:///absolute/path, smtp://[user:password@]host[:port] \
        or smtps://[user:password@]host[:port]
        """

    /// - Throws: ``MailConfigurationError``, which names what is wrong and the forms above but never repeats the URL.
    public init(_ string: String) throws(MailConfigurationError) {
        guard let components = URLComponents(string: string), let scheme = components.scheme?.lowercased() else {
            throw Self.error("it is not a URL")
        }
        switch scheme {
        case "maildir":
            let host = components.host ?? ""
            let isPlain = components.queryItems == nil && components.fragment == nil && components.user == nil
            guard host.isEmpty, isPlain, components.path.hasPrefix("/"), components.path.count > 1 else {
                throw Self.error("maildir needs three slashes and an absolute path")
            }
            self = .maildir(path: components.path)
        case "smtp", "smtps":
            self = .smtp(try Self.configuration(components, isImplicit: scheme == "smtps"))
        default:
            throw Self.error("its scheme is none of maildir, smtp and smtps")
        }
    }

    /// Makes the transport; nothing is connected or written yet.
    public func makeTransport() -> any MailTransport {
        switch self {
        case .maildir(let path): MaildirTransport(path: path)
        case .smtp(let configuration): SMTPTransport(configuration)
        }
    }

    /// The URL without user and password.
    public var description: String {
        switch self {
        case .maildir(let path): "maildir://\(path)"
        case .smtp(let configuration): configuration.url
        }
    }

    private static func configuration(
        _ components: URLComponents, isImplicit: Bool
    ) throws(MailConfigurationError) -> SMTPConfiguration {
        guard let host = components.host, !host.isEmpty else { throw error("it names no host") }
        guard ["", "/"].contains(components.path), components.fragment == nil else {
            throw error("nothing may stand between port and query, nor after it")
        }
        var encryption: SMTPConfiguration.Encryption? = isImplicit ? .implicit : nil
        var clientName: String?
        var connections = 4
        for item in components.queryItems ?? [] {
            switch item.name {
            case "tls":
                guard !isImplicit, let value = item.value.flatMap(SMTPConfiguration.Encryption.init(rawValue:)),
                    value != .implicit
                else { throw error("tls takes none, opportunistic or required, and smtps takes no tls") }
                encryption = value
            case "ehlo":
                clientName = item.value
            case "connections":
                guard let number = item.value.flatMap({ Int($0) }) else { throw error("connections takes a number") }
                connections = number
            default:
                throw error("its query may hold tls, ehlo and connections only")
            }
        }
        var credentials: SMTPConfiguration.Credentials?
        if let user = components.user, !user.isEmpty {
            credentials = .init(user: user, password: components.password ?? "")
        }
        do {
            return try SMTPConfiguration(
                host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port: components.port,
                encryption: encryption, credentials: credentials, clientName: clientName,
                maximumConnections: connections)
        } catch {
            throw Self.error(error.reason)
        }
    }

    private static func error(_ reason: String) -> MailConfigurationError {
        MailConfigurationError(reason: "\(reason); \(forms)")
    }
}
