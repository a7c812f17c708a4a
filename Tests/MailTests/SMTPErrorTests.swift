import Foundation
import Mail
import Testing

@Suite(.timeLimit(.minutes(1))) struct SMTPErrorTests {
    /// The error that one mail meets at a server with this script.
    private func error(
        timeout: Duration = .seconds(20), encryption: SMTPConfiguration.Encryption? = nil,
        credentials: SMTPConfiguration.Credentials? = nil, text: String = "Hello\n", script: @escaping SMTPServer.Script
    ) async throws -> (MailError, SMTPServer) {
        let server = try SMTPServer(script: script)
        let transport = try SMTPTransport(
            SMTPConfiguration(
                host: "127.0.0.1", port: server.port, encryption: encryption, credentials: credentials,
                clientName: "client.example", totalTimeout: timeout))
        let error = await #expect(throws: MailError.self) { try await transport.send(Samples.mail(text: text)) }
        await transport.close()
        return (try #require(error), server)
    }

    @Test(arguments: [
        (SMTPServer.Step.sender, MailError.Stage.sender), (.recipient, .recipient), (.data, .content),
        (.content, .content),
    ])
    func `a 4xx reply is temporary and a 5xx one permanent, wherever the mail is refused`(
        step: SMTPServer.Step, stage: MailError.Stage
    ) async throws {
        for (digit, kind) in [(4, MailError.Kind.temporary), (5, .permanent)] {
            let reply = "\(digit)50-\(digit).2.1 The mailbox\r\n\(digit)50 \(digit).2.1 is <maryam@customer.example>"
            let (error, server) = try await error { heard, _, _ in heard == step ? .reply(reply) : nil }
            #expect(error.kind == kind)
            #expect(error.stage == stage)
            #expect(error.code == digit * 100 + 50)
            #expect(error.enhancedStatus == "\(digit).2.1")
            #expect(error.reply == "The mailbox is <redacted>")
            #expect(!error.description.lowercased().contains("maryam"))
            #expect(server.mails.isEmpty == (step != .content))
        }
    }

    @Test func `a 421 after the final dot is temporary`() async throws {
        let (error, _) = try await error { step, _, _ in
            step == .content ? .replyAndClose("421 4.3.0 Shutting down") : nil
        }
        #expect(error.kind == .temporary)
        #expect(error.code == 421)
    }

    @Test func `a connection that drops after the final dot leaves the outcome unknown`() async throws {
        let (error, server) = try await error { step, _, _ in step == .content ? .drop : nil }
        #expect(error.kind == .unknown)
        #expect(error.stage == .content)
        #expect(error.code == nil)
        #expect(server.mails.count == 1)
    }

    @Test func `a reply that breaks off after the final dot leaves the outcome unknown`() async throws {
        let (error, _) = try await error { step, _, _ in step == .content ? .replyAndClose("550-5.7.1 Well") : nil }
        #expect(error.kind == .unknown)
        #expect(error.code == nil)
    }

    @Test func `a server that is silent after the final dot leaves the outcome unknown`() async throws {
        let (error, server) = try await error(timeout: .milliseconds(400)) { step, _, _ in
            step == .content ? .hang : nil
        }
        #expect(error.kind == .unknown)
        #expect(server.mails.count == 1)
    }

    @Test(arguments: [SMTPServer.Step.greeting, .hello, .sender, .recipient, .data])
    func `a server that is silent or drops before the message is a temporary error`(
        step: SMTPServer.Step
    ) async throws {
        for answer in [SMTPServer.Answer.hang, .drop] {
            let (error, server) = try await error(timeout: .milliseconds(400)) { heard, _, _ in
                heard == step ? answer : nil
            }
            #expect(error.kind == .temporary)
            #expect(error.code == nil)
            #expect(server.mails.isEmpty)
        }
    }

    @Test func `a connection that drops within the message is a temporary error`() async throws {
        let text = String(repeating: "A line of the long message.\n", count: 200_000)
        let (error, server) = try await error(text: text) { step, _, _ in
            step == .data ? .replyAndClose("354 Go ahead") : nil
        }
        #expect(error.kind == .temporary)
        #expect(error.stage == .content)
        #expect(server.mails.isEmpty)
    }

    @Test func `a server that is not there is a temporary error`() async throws {
        let port = try LoopbackSocket.freePort()
        let transport = try SMTPTransport(SMTPConfiguration(host: "127.0.0.1", port: port))
        let error = await #expect(throws: MailError.self) { try await transport.send(Samples.mail()) }
        #expect(error?.kind == .temporary)
        #expect(error?.stage == .connection)
    }

    @Test func `a refusal of the session is temporary, for it says nothing about the mail`() async throws {
        let (greeting, _) = try await error { step, _, _ in step == .greeting ? .reply("554 5.7.1 Not you") : nil }
        #expect(greeting.kind == .temporary)
        #expect(greeting.stage == .session)
        #expect(greeting.code == 554)
        let (sender, _) = try await error { step, _, _ in step == .sender ? .reply("530 5.7.0 Sign in first") : nil }
        #expect(sender.kind == .temporary)
        #expect(sender.stage == .session)
    }

    @Test func `refused credentials are a temporary error that tells nothing about them`() async throws {
        let credentials = SMTPConfiguration.Credentials(user: "mailer-7", password: "hunter-22")
        let (error, _) = try await error(encryption: SMTPConfiguration.Encryption.none, credentials: credentials) {
            step, _, _ in
            step == .authentication ? .reply("535 5.7.8 mailer-7 may not use hunter-22") : nil
        }
        #expect(error.kind == .temporary)
        #expect(error.stage == .session)
        #expect(error.code == 535)
        for text in ["\(error)", "\(credentials)", String(reflecting: credentials)] {
            #expect(!text.contains("mailer-7") && !text.contains("hunter-22"))
        }
    }

    @Test func `a password is not sent in the clear unless that is asked for`() async throws {
        let credentials = SMTPConfiguration.Credentials(user: "mailer-7", password: "hunter-22")
        let (error, server) = try await error(credentials: credentials) { _, _, _ in nil }
        #expect(error.kind == .temporary)
        #expect(error.stage == .session)
        #expect(server.mails.isEmpty)
    }

    @Test func `credentials are used where they are asked for`() async throws {
        let lines = Recorder()
        let server = try SMTPServer { step, _, line in
            if step == .authentication { lines.append(line) }
            return nil
        }
        let url = try MailURL("smtp://mailer-7:hunter%2022@127.0.0.1:\(server.port)?tls=none")
        let transport = url.makeTransport()
        _ = try await transport.send(Samples.mail())
        await transport.close()
        #expect(lines.values == ["AUTH PLAIN \(Data("\0mailer-7\0hunter 22".utf8).base64EncodedString())"])
        #expect(server.mails.count == 1)
    }

    @Test func `one refused recipient stops the mail to all`() async throws {
        let server = try SMTPServer { _, _, line in
            line.contains("<c@d.example>") ? .reply("550 5.1.1 No such user") : nil
        }
        let transport = try SMTPTransport(SMTPConfiguration(host: "127.0.0.1", port: server.port))
        let mail = try OutgoingMail(
            id: DeliveryID("1"), returnPath: nil,
            recipients: [EmailAddress("a@b.example"), EmailAddress("c@d.example")],
            content: Samples.mail().content)
        let error = await #expect(throws: MailError.self) { try await transport.send(mail) }
        #expect(error?.kind == .permanent)
        #expect(error?.stage == .recipient)
        #expect(server.mails.isEmpty)
        await transport.close()
    }

    @Test func `the transport serves on after an error`() async throws {
        let senders = Counter()
        let server = try SMTPServer { step, _, _ in
            step == .recipient && senders.next() == 1 ? .reply("550 5.1.1 No such user") : nil
        }
        let transport = try SMTPTransport(
            SMTPConfiguration(host: "127.0.0.1", port: server.port, maximumConnections: 1))
        await #expect(throws: MailError.self) { try await transport.send(Samples.mail()) }
        _ = try await transport.send(Samples.mail())
        #expect(server.mails.count == 1)
        await transport.close()
    }
}
