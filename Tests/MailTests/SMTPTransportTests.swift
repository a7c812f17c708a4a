import Foundation
import Mail
import Testing

@Suite(.timeLimit(.minutes(1))) struct SMTPTransportTests {
    private func transport(to server: SMTPServer, connections: Int = 1) throws -> SMTPTransport {
        try SMTPTransport(
            SMTPConfiguration(
                host: "127.0.0.1", port: server.port, clientName: "client.example", maximumConnections: connections))
    }

    @Test func `a mail arrives octet for octet with its envelope`() async throws {
        let server = try SMTPServer()
        let transport = try transport(to: server)
        let message = try Samples.message(
            subject: Samples.persianSubject, text: Samples.persianText, html: Samples.persianHTML)
        let content = MIMEEncoder().encode(message) + Array(".\r\n..dots\r\n\r\n.".utf8) + [0x0D, 0x0A]
        let recipients = try [EmailAddress("a@b.example"), EmailAddress("c@d.example")]
        let mail = try OutgoingMail(
            id: DeliveryID("1"), returnPath: EmailAddress("bounce+1@parsian.example"), recipients: recipients,
            content: content)
        let receipt = try await transport.send(mail)
        #expect(receipt == Receipt(id: mail.id, reply: "Ok: queued as 4WX"))
        let arrived = try #require(server.mails.first)
        #expect(arrived.sender.hasPrefix("MAIL FROM:<bounce+1@parsian.example>"))
        #expect(arrived.recipients == ["RCPT TO:<a@b.example>", "RCPT TO:<c@d.example>"])
        #expect(arrived.content == content)
        #expect(server.hellos == ["client.example"])
        #expect(try await transport.delivered(mail.id) == nil)
        await transport.close()
    }

    @Test func `a null return path is sent as such`() async throws {
        let server = try SMTPServer()
        let transport = try transport(to: server)
        let mail = try OutgoingMail(id: DeliveryID("1"), returnPath: nil, message: Samples.message())
        _ = try await transport.send(mail)
        #expect(server.mails.first?.sender.hasPrefix("MAIL FROM:<>") == true)
        await transport.close()
    }

    @Test func `a message of a megabyte arrives whole`() async throws {
        let server = try SMTPServer()
        let transport = try transport(to: server)
        let mail = try Samples.mail(text: String(repeating: "A line of the long message.\n", count: 40_000))
        _ = try await transport.send(mail)
        #expect(server.mails.first?.content == mail.content)
        await transport.close()
    }

    @Test func `one connection carries all mails and ends with QUIT`() async throws {
        let server = try SMTPServer()
        let transport = try transport(to: server)
        for _ in 0..<20 { _ = try await transport.send(Samples.mail()) }
        #expect(server.mails.count == 20)
        #expect(server.connectionCount == 1)
        await transport.close()
        await server.waitsForQuit()
        let error = await #expect(throws: MailError.self) { try await transport.send(Samples.mail()) }
        #expect(error?.kind == .temporary)
    }

    @Test func `mails that come together share the connections`() async throws {
        let server = try SMTPServer()
        let transport = try transport(to: server, connections: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 { group.addTask { _ = try await transport.send(Samples.mail()) } }
            try await group.waitForAll()
        }
        #expect(server.mails.count == 60)
        #expect(server.connectionCount <= 3)
        await transport.close()
    }

    @Test func `deliveries that wait for the server hold up no task`() async throws {
        let server = try SMTPServer { step, _, _ in step == .content ? .hold : nil }
        let count = ProcessInfo.processInfo.activeProcessorCount * 2 + 2
        let transport = try transport(to: server, connections: count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask { _ = try await transport.send(Samples.mail()) } }
            // All of them are under way at once, and this task still runs.
            await server.waits(for: .content, count: count)
            for _ in 0..<count { server.release() }
            try await group.waitForAll()
        }
        #expect(server.mails.count == count)
        await transport.close()
    }

    @Test func `a connection that the server closed between mails is replaced silently`() async throws {
        let server = try SMTPServer { step, _, _ in
            step == .content ? .replyAndClose("250 2.0.0 Ok, and that was the last one") : nil
        }
        let transport = try transport(to: server)
        for _ in 0..<3 { _ = try await transport.send(Samples.mail()) }
        #expect(server.mails.count == 3)
        #expect(server.connectionCount == 3)
        await transport.close()
    }

    @Test func `a connection that the server grew tired of is replaced silently`() async throws {
        let senders = Counter()
        let server = try SMTPServer { step, _, _ in
            step == .sender && senders.next() == 2 ? .replyAndClose("421 4.7.0 Too many mails") : nil
        }
        let transport = try transport(to: server)
        for _ in 0..<3 { _ = try await transport.send(Samples.mail()) }
        #expect(server.mails.count == 3)
        #expect(server.connectionCount == 2)
        await transport.close()
    }

    @Test func `cancelling a delivery that runs waits for its outcome`() async throws {
        let server = try SMTPServer { step, _, _ in step == .content ? .hold : nil }
        let transport = try transport(to: server)
        let running = Task { try await transport.send(Samples.mail("1")) }
        await server.waits(for: .content)
        running.cancel()
        server.release()
        #expect(try await running.value.id == DeliveryID("1"))
        await transport.close()
    }

    @Test func `cancelling a mail that waits for a connection sends nothing`() async throws {
        let server = try SMTPServer { step, _, _ in step == .content ? .hold : nil }
        let transport = try transport(to: server)
        let running = Task { try await transport.send(Samples.mail("1")) }
        await server.waits(for: .content)
        let waiting = Task { try await transport.send(Samples.mail("2")) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        server.release()
        _ = try await running.value
        #expect(server.mails.count == 1)
        await transport.close()
    }

    @Test func `closing waits for the mail that runs`() async throws {
        let server = try SMTPServer { step, _, _ in step == .content ? .hold : nil }
        let transport = try transport(to: server)
        let running = Task { try await transport.send(Samples.mail("1")) }
        await server.waits(for: .content)
        async let closed: Void = transport.close()
        server.release()
        _ = try await running.value
        await closed
        await server.waitsForQuit()
    }
}
