/// Where and how ``SMTPTransport`` connects.
public struct SMTPConfiguration: Sendable {
    public enum Encryption: String, Sendable {
        /// Never, even if the server offers STARTTLS.
        case none
        /// STARTTLS if the server offers it. The server's certificate is not checked, since an attacker could as well
        /// hide the offer (RFC 7435).
        case opportunistic
        /// STARTTLS, or no mail (RFC 3207). The certificate must be valid for the host.
        case required
        /// TLS from the first octet, `smtps` (RFC 8314 section 3.3). The certificate must be valid for the host.
        case implicit
    }

    /// A user name and password for AUTH (RFC 4954).
    public struct Credentials: Sendable {
        public let user: String
        public let password: String

        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// A host name, an IPv4 address or an IPv6 address without brackets.
    public let host: String
    public let port: Int
    public let encryption: Encryption
    public let credentials: Credentials?
    /// What EHLO says; `nil` is this machine's name.
    public let clientName: String?
    /// How long looking up the host, connecting and TLS may take together.
    public let connectTimeout: Duration
    /// How long one delivery may take, connecting included.
    public let totalTimeout: Duration
    /// How many connections, and so deliveries at the same time, there may be.
    public let maximumConnections: Int
    /// A PEM file of the certificate authorities to trust instead of the system's.
    public let certificateAuthorities: String?

    /// - Parameters:
    ///   - port: 465 with ``Encryption/implicit`` and 25 otherwise if `nil`.
    ///   - encryption: ``Encryption/required`` with credentials and ``Encryption/opportunistic`` without if `nil`, so
    ///     that a password never travels in the clear unless that is asked for.
    /// - Throws: ``MailConfigurationError`` if the host, the client name, the port, a time-out or the number of
    ///   connections cannot be one.
    public init(
        host: String, port: Int? = nil, encryption: Encryption? = nil, credentials: Credentials? = nil,
        clientName: String? = nil, connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(60),
        maximumConnections: Int = 4, certificateAuthorities: String? = nil
    ) throws(MailConfigurationError) {
        let isAddress = host.contains(":") && host.utf8.allSatisfy { "0123456789abcdefABCDEF:.".utf8.contains($0) }
        guard host.utf8.count <= 253, isAddress || EmailAddress.isDomain(host[...]) else {
            throw MailConfigurationError(reason: "the host is neither a host name nor an IP address")
        }
        if let clientName, clientName.utf8.count > 253 || !EmailAddress.isDomain(clientName[...]) {
            throw MailConfigurationError(reason: "the EHLO name is not a host name")
        }
        let encryption = encryption ?? (credentials == nil ? .opportunistic : .required)
        let port = port ?? (encryption == .implicit ? 465 : 25)
        guard (1...65535).contains(port) else {
            throw MailConfigurationError(reason: "the port is not between 1 and 65535")
        }
        guard (1...1000).contains(maximumConnections) else {
            throw MailConfigurationError(reason: "the number of connections is not between 1 and 1000")
        }
        let timeouts = Duration.milliseconds(1)...Duration.seconds(86400)
        guard timeouts.contains(connectTimeout), timeouts.contains(totalTimeout) else {
            throw MailConfigurationError(reason: "a time-out is not between one millisecond and one day")
        }
        self.host = host
        self.port = port
        self.encryption = encryption
        self.credentials = credentials
        self.clientName = clientName
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.maximumConnections = maximumConnections
        self.certificateAuthorities = certificateAuthorities
    }

    /// The URL that libcurl connects to, whose path is the EHLO name. It holds no credentials.
    var url: String {
        let scheme = encryption == .implicit ? "smtps" : "smtp"
        let authority = host.contains(":") ? "[\(host)]" : host
        return "\(scheme)://\(authority):\(port)/\(clientName ?? "")"
    }
}

extension SMTPConfiguration.Credentials: CustomStringConvertible, CustomReflectable {
    /// Hides user and password, so that printing a configuration cannot reveal them.
    public var description: String { "Credentials(…)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
