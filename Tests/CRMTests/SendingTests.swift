import CRM
import Foundation
import JobQueue
import Mail
import Postgres
import TestSupport
import Testing

@Suite("Sending")
struct SendingTests {
    private static let temporary = MailError(kind: .temporary, stage: .connection, reason: "no connection")
    private static let refused = MailError(
        kind: .permanent, stage: .recipient, code: 550, enhancedStatus: "5.1.1", reason: "the recipient was refused")

    @Test func `The worker sends every invitation of a launched campaign exactly once`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(130)
            let segment = try await business.segment(of: customers)
            let campaign = try await business.campaign("All", try await business.survey(), to: segment)
            _ = try await business.campaigns.launch(business.context, campaign.id)
            try await withOutbox { outbox in
                try await withHandlers(on: business.server, transport: outbox.transport()) { _ in
                    try await eventually(within: .seconds(30)) {
                        try await business.campaigns.find(business.context, campaign.id).state == .finished
                    }
                }
                let sent = try await business.campaigns.find(business.context, campaign.id)
                #expect(sent.ledger.counts.sent == 130 && sent.ledger.counts.total == 130)
                let letters = try outbox.letters()
                #expect(Set(letters.map(\.recipient)).count == 130 && letters.count == 130)
                // The file's name derives from the invitation's id.
                let ids = try await business.server.texts("SELECT id::text FROM crm.invitation")
                #expect(Set(letters.map(\.invitation)) == Set(ids))
            }
        }
    }

    @Test func `Two senders of the same stretch at once send each message once`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(45))
            let stretch = try #require(try await business.stretches().first)
            let transport = ScriptedTransport()
            async let first = business.sender(transport).send(business.context, stretch)
            async let second = business.sender(transport).send(business.context, stretch)
            _ = try await (first, second)
            #expect(Set(transport.delivered.map(\.id)).count == transport.delivered.count)
            // What one found marked by the other it cannot know of, and may name so; nothing is lost or left.
            let states = try await business.states(of: campaign)
            #expect(states.count { $0 == "sent" || $0 == "unknown" } == 45)
            #expect(transport.delivered.count == 45)
        }
    }

    @Test func `Two senders to one maildir leave one message each, all sent`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(45))
            let stretch = try #require(try await business.stretches().first)
            try await withOutbox { outbox in
                let (one, two) = (outbox.transport(), outbox.transport())
                async let first = business.sender(one).send(business.context, stretch)
                async let second = business.sender(two).send(business.context, stretch)
                _ = try await (first, second)
                #expect(try outbox.letters().count == 45)
                #expect(Set(try await business.states(of: campaign)) == ["sent"])
            }
        }
    }

    @Test func `A sending that was left over is sent when the message is there, and sent now when it is not`()
        async throws
    {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(4))
            try await withOutbox { outbox in
                try await business.send(outbox.transport())
                let before = try outbox.letters()
                // As if the worker had died after the mark: once before, once after the message left.
                try await business.server.run("UPDATE crm.invitation SET state = 'sending', sent_at = NULL")
                for letter in before.prefix(2) {
                    try FileManager.default.removeItem(
                        at: outbox.directory.appending(path: "new/\(letter.invitation).mehvar"))
                }
                try await business.server.run("UPDATE crm.campaign SET state = 'running'")
                try await business.send(outbox.transport())
                #expect(Set(try await business.states(of: campaign)) == ["sent"])
                let after = try outbox.letters()
                #expect(after.map(\.invitation) == before.map(\.invitation))
                // Those that had been delivered are the same messages still.
                #expect(after.suffix(2).map(\.token) == before.suffix(2).map(\.token))
            }
        }
    }

    @Test func `What a transport cannot tell becomes unknown and is never sent again`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(3))
            try await business.server.run("UPDATE crm.invitation SET state = 'sending', sending_at = now()")
            let transport = ScriptedTransport()
            #expect(try await business.send(transport).map(\.unknown) == [3])
            try await business.send(transport)
            #expect(transport.attemptCount == 0)
            #expect(try await business.states(of: campaign) == ["unknown", "unknown", "unknown"])
            #expect(try await business.campaigns.find(business.context, campaign.id).state == .finished)
        }
    }

    @Test func `A connection that breaks before the reply leaves unknown, not a second message`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(2))
            let transport = ScriptedTransport { _, _ in
                throw MailError(kind: .unknown, stage: .content, reason: "the connection broke")
            }
            try await business.send(transport)
            try await business.send(transport)
            #expect(transport.attemptCount == 2)
            #expect(try await business.states(of: campaign) == ["unknown", "unknown"])
        }
    }

    @Test func `A temporary failure leaves everything planned, and all of it is sent later`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(50))
            let away = ScriptedTransport { _, _ in throw Self.temporary }
            #expect(try await business.send(away).map(\.delayed) == [50])
            // Nobody tries one after the other when the first ones could not be sent.
            #expect(away.attemptCount == 20)
            #expect(Set(try await business.states(of: campaign)) == ["planned"])
            #expect(
                try await business.server.number("SELECT count(*) FROM crm.invitation WHERE sending_at IS NULL") == 50)

            let back = ScriptedTransport()
            try await business.send(back)
            #expect(back.delivered.count == 50)
            #expect(Set(try await business.states(of: campaign)) == ["sent"])
        }
    }

    @Test func `The worker waits for a mail server that is away without giving the job up`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(3))
            let transport = ScriptedTransport { _, attempt in if attempt == 1 { throw Self.temporary } }
            try await withHandlers(on: business.server, transport: transport) { worker in
                try await eventually {
                    try await business.server.number(
                        """
                        SELECT count(*) FROM job.job WHERE kind = 'campaign.send' AND state = 'scheduled' AND attempt = 0
                            AND run_at > now() + interval '5 seconds'
                        """) == 1
                }
                #expect(Set(try await business.states(of: campaign)) == ["planned"])
                try await business.server.run("UPDATE job.job SET run_at = now() WHERE kind = 'campaign.send'")
                worker.wake()
                try await eventually { Set(try await business.states(of: campaign)) == ["sent"] }
            }
            #expect(transport.delivered.count == 3)
        }
    }

    @Test func `A recipient who is refused for good bounces, and the address is not written to again`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(2)
            try await business.setQuarantine(days: 0)
            let campaign = try await business.planned(to: customers)
            let transport = ScriptedTransport { mail, _ in
                if mail.recipient.hasPrefix("customer.0") { throw Self.refused }
            }
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["bounced", "sent"])
            let again = try await business.planned("Again", to: customers)
            #expect(again.ledger.excludedReasons == ["suppressed": 1])
            #expect(again.ledger.counts.planned == 1)
        }
    }

    @Test func `A message that is refused for good fails, and the address stays good`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(1))
            let transport = ScriptedTransport { _, _ in
                throw MailError(kind: .permanent, stage: .content, code: 554, reason: "the message was refused")
            }
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["failed"])
            #expect(try await business.server.number("SELECT count(*) FROM crm.suppression") == 0)
        }
    }

    @Test func `Who declined after the plan was made gets nothing`() async throws {
        try await Business.with { business in
            let customers = try await business.customers(3)
            let campaign = try await business.planned(to: customers)
            try await business.server.run(
                """
                INSERT INTO crm.consent (tenant_id, customer_id, channel, is_granted, source)
                VALUES (\(business.tenantID), \(customers[0].id), 'email', false, 'unsubscribe')
                """)
            try await business.server.run(
                """
                INSERT INTO crm.suppression (tenant_id, channel, address_key, reason)
                VALUES (\(business.tenantID), 'email', 'customer.1@mail.example', 'manual')
                """)
            let transport = ScriptedTransport()
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["excluded", "excluded", "sent"])
            #expect(transport.delivered.count == 1)
        }
    }

    @Test func `An invitation whose time was over before it could be sent fails`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(1))
            try await business.server.run("UPDATE crm.invitation SET expires_at = now() - interval '1 second'")
            let transport = ScriptedTransport()
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["failed"])
            #expect(transport.attemptCount == 0)
        }
    }
}
