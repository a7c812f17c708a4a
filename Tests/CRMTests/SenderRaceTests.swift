import CRM
import Mail
import Postgres
import TestSupport
import Testing

/// What one sender knows to be out stays out, whatever another did to its rows.
@Suite("Races of senders")
struct SenderRaceTests {
    @Test func `A message that went out is sent, even if somebody put its row back meanwhile`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(3))
            let transport = ScriptedTransport { _, _ in
                try await business.server.run(
                    "UPDATE crm.invitation SET state = 'planned', sending_at = NULL WHERE tenant_id = \(business.tenantID)"
                )
            }
            try await business.send(transport)
            #expect(try await business.states(of: campaign) == ["sent", "sent", "sent"])
            let counted = try await business.server.texts(
                "SELECT count(*)::text FROM crm.invitation WHERE sent_at IS NOT NULL AND sending_at IS NOT NULL")
            #expect(counted == ["3"])
        }
    }

    @Test func `A broken delivery that the transport can tell of is sent, not unknown`() async throws {
        try await Business.with { business in
            let campaign = try await business.planned(to: try await business.customers(2))
            let broken = ScriptedTransport(
                { _, _ in throw MailError(kind: .unknown, stage: .content, reason: "the folder could not be flushed") },
                delivered: { _ in true })
            try await business.send(broken)
            #expect(try await business.states(of: campaign) == ["sent", "sent"])
        }
    }
}
