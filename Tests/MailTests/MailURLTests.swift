import Mail
import Testing

@Suite struct MailURLTests {
    @Test func `a maildir URL gives its decoded path`() throws {
        guard case .maildir(let path) = try MailURL("maildir:///var/mail/out%20box") else {
            Issue.record("not a maildir")
            return
        }
        #expect(path == "/var/mail/out box")
        #expect(try MailURL("maildir:///var/mail").makeTransport() is MaildirTransport)
    }

    @Test(arguments: [
        ("smtp://mx.example", "mx.example", 25, SMTPConfiguration.Encryption.opportunistic),
        ("SMTP://127.0.0.1:2525/", "127.0.0.1", 2525, .opportunistic), ("smtp://[::1]:25", "::1", 25, .opportunistic),
        ("smtp://u:p@mx.example:587", "mx.example", 587, .required),
        ("smtp://u:p@mx.example:587?tls=opportunistic", "mx.example", 587, .opportunistic),
        ("smtp://mx.example?tls=none&connections=9&ehlo=me.example", "mx.example", 25, .none),
        ("smtps://u:p@mx.example", "mx.example", 465, .implicit),
    ])
    func `an SMTP URL gives host, port and encryption`(
        url: String, host: String, port: Int, encryption: SMTPConfiguration.Encryption
    ) throws {
        let parsed = try MailURL(url)
        guard case .smtp(let configuration) = parsed else {
            Issue.record("not SMTP")
            return
        }
        #expect(configuration.host == host)
        #expect(configuration.port == port)
        #expect(configuration.encryption == encryption)
        #expect(configuration.maximumConnections == (url.contains("connections=9") ? 9 : 4))
        #expect(configuration.clientName == (url.contains("ehlo") ? "me.example" : nil))
        #expect(parsed.makeTransport() is SMTPTransport)
    }

    @Test func `user and password are decoded and never printed`() throws {
        let url = try MailURL("smtps://shop%40parsian.example:s%3Acret%2F1@mx.example")
        guard case .smtp(let configuration) = url else {
            Issue.record("not SMTP")
            return
        }
        #expect(configuration.credentials?.user == "shop@parsian.example")
        #expect(configuration.credentials?.password == "s:cret/1")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(url)", "\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("cret") && !text.contains("shop"))
        }
    }

    @Test(arguments: [
        "", "nonsense", "/var/mail", "ftp://user:hunter22@host", "maildir://host/path", "maildir://", "maildir:///",
        "smtp://", "smtp:///path", "smtp://user:hunter22@host:99999", "smtp://user:hunter22@host:0",
        "smtp://user:hunter22@host/path", "smtp://user:hunter22@ho_st", "smtp://host?tls=maybe",
        "smtp://host?tls=implicit", "smtps://host?tls=none", "smtp://host?connections=0", "smtp://host?x=hunter22",
        "smtp://host?ehlo=a%0d%0ab", "smtp://user:hunter22@host:port", "maildir:///a?b=c",
    ])
    func `another URL is refused with the accepted forms and without its password`(url: String) {
        let error = #expect(throws: MailConfigurationError.self) { try MailURL(url) }
        let text = error?.description ?? ""
        #expect(text.contains("MEHVAR_MAIL_URL") && text.contains("maildir:///") && text.contains("smtp://"))
        #expect(!text.contains("hunter22"))
    }

    @Test func `a configuration that cannot work is refused`() {
        #expect(throws: MailConfigurationError.self) { try SMTPConfiguration(host: "a/b") }
        #expect(throws: MailConfigurationError.self) { try SMTPConfiguration(host: "") }
        #expect(throws: MailConfigurationError.self) { try SMTPConfiguration(host: "a", clientName: "x\r\nMAIL") }
        #expect(throws: MailConfigurationError.self) { try SMTPConfiguration(host: "a", totalTimeout: .zero) }
    }
}
